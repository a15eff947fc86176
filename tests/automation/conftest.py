"""What the tests of automations share with those of the map and the run."""

from tests.workflows.conftest import _files_of_this_test_alone

__all__ = ["_files_of_this_test_alone"]
