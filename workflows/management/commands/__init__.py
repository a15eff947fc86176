"""Commands on maps, the demo and the trail."""
