"""BPMN 2.0 in and out: a map as other vendors' tools draw it, and their drawings as drafts."""
