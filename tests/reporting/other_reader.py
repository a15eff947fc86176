"""Run in an environment of its own, where pm4py is: what that reader finds in an XES file.

Prints cases, events, variants and the events of each case as JSON. pm4py is no dependency.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")


def main(path: str) -> None:
    """Read the file with pm4py; only what was completed counts."""
    import pm4py

    log = pm4py.convert_to_dataframe(pm4py.read_xes(path))
    done = log[log["lifecycle:transition"] == "complete"]
    traces = {
        str(case): [str(name) for name in rows["concept:name"]]
        for case, rows in done.groupby("case:concept:name", sort=False)
    }
    variants = pm4py.get_variants(done)
    said = {"cases": len(traces), "events": len(done), "variants": len(variants), "traces": traces}
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
