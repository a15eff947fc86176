"""Looking things up in answers; the words are the engine's, so the audit reads them too."""

from workflows.engine.paths import PathProblem, check_path, pick

__all__ = ["PathProblem", "check_path", "pick"]
