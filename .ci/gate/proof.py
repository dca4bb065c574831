"""Proof that the gate works, on real runs: planted faults are caught, nothing is found where nothing differs.

    python3 .ci/gate/proof.py [--times 20] [--locomo FILE] [--memgauge FILE] [--planted FILE] [--outputs COMMAND]

Faults are planted by the example `planted` (crates/memgauge-experiment/examples/planted.rs), which puts them around or into
the parts of a system: configs and manifests know nothing of them.

1. k 30 to 5, stop words off and every fifth fact dropped are regressions of the metric where each has to show.
2. The same build against itself passes so many times, with other seeds every time and with all processors kept busy, search
   latency included.
3. A search slowed by 30 % is a regression; one that takes 2 % longer, evenly or at random, is none.
4. One conversation is too little to call a planted fault a regression: underpowered.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SAMPLE = ROOT / "datasets/sample/sample.json"

# What each fault has to be caught by: fault, metric, variants, whether the sample's 158 questions are enough.
FAULTS = [
    ("k:5", "evidence.context", {"turns-lexical", "turns-hybrid"}, True),
    ("stop-words", "evidence.recall@10", {"turns-lexical"}, False),
    ("facts:5", "evidence.context", {"turns-lexical", "turns-hybrid"}, True),
]


class Proof:
    def __init__(self, arguments, folder):
        self.memgauge = str(Path(arguments.memgauge).resolve())
        self.planted = str(Path(arguments.planted).resolve())
        self.folder = folder
        self.serial = 0

    def call(self, command, fault=None, expected=(0,)):
        environment = {"PATH": os.environ["PATH"]}
        if fault:
            environment["PLANTED"] = fault
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode not in expected:
            sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}, not {expected}\n{done.stdout}{done.stderr}")
        return done

    def new(self, name):
        self.serial += 1
        path = self.folder / f"{self.serial:04}-{name}"
        path.mkdir()
        return path

    def run(self, config, dataset, fault="none", *sets):
        """The run directory of an experiment with a fault in it."""
        out = self.new("run")
        command = [self.planted, "run", config, "--dataset", dataset, "--out", out, *sets]
        return Path(self.call(command, fault).stdout.strip())

    def baseline(self, run, name):
        into = self.folder / "baseline"
        self.call([self.memgauge, "--quiet", "baseline", "save", run, "--name", name, "--into", into])
        return into / name

    def gate(self, baseline, run, policy, *more, expected):
        """The gate's JSON, if it ends as expected."""
        report = self.new("gate") / "gate.json"
        command = [self.memgauge, "--quiet", "gate", "--baseline", baseline, "--current", run, "--policy", policy]
        self.call([*command, "--output", f"json={report}", *more], expected=expected)
        return json.loads(report.read_text())


def verdicts(report, metric):
    return {check["variant"]: check["verdict"] for check in report["checks"] if check["metric"] == metric}


def told(report, metric, variant):
    check = next(c for c in report["checks"] if c["metric"] == metric and c["variant"] == variant)
    unit = "%" if check["unit"] == "percent" else "points"
    return f"{metric} of {variant} {check['difference']:+.1f} [{check['interval']['low']:+.1f}, {check['interval']['high']:+.1f}] {unit}"


def faults(proof, config, dataset, name, small):
    run = proof.run(config, dataset)
    baseline = proof.baseline(run, name)
    report = proof.gate(baseline, run, HERE / "policy.toml", expected=(0,))
    assert all(check["verdict"] == "no-change" for check in report["checks"]), report["checks"]
    for fault, metric, variants, shows_in_few in FAULTS:
        planted = proof.run(config, dataset, fault)
        # What would run again is this program, and the fault is not in it: a second run of the other one confirms.
        confirm = ("--second-run", proof.run(config, dataset, fault)) if small else ("--confirm", "never")
        report = proof.gate(baseline, planted, HERE / "policy.toml", *confirm, expected=(0, 10))
        if small and not shows_in_few:
            # Too small an effect for so few questions: then the gate has to say so.
            seen = {verdicts(report, metric)[variant] for variant in variants}
            assert seen <= {"regressed", "underpowered"}, seen
            print(f"{name}: {fault}: {', '.join(seen)}: " + "; ".join(told(report, metric, variant) for variant in sorted(variants)))
            continue
        found = {variant for variant, verdict in verdicts(report, metric).items() if verdict == "regressed"}
        assert variants <= found, f"{name}, {fault}: {metric} {verdicts(report, metric)}"
        assert report["outcome"] == "regressed"
        caught = [check for check in report["checks"] if check["verdict"] == "regressed"]
        assert all(check["confirmation"]["confirmed"] is (True if small else None) for check in caught), caught
        print(f"{name}: {fault} caught: " + "; ".join(told(report, metric, variant) for variant in sorted(variants)))
    if not small:
        return
    # Built without the fault, the program does not reproduce it: a regression that is not confirmed is none.
    report = proof.gate(baseline, planted, HERE / "policy.toml", expected=(0,))
    assert not any(check["verdict"] == "regressed" for check in report["checks"]), report["checks"]
    print(f"{name}: a regression that a second run does not show is not called one")


def one_conversation(proof):
    only = 'dataset.conversations=["{}"]'.format(json.loads(SAMPLE.read_text())[0]["sample_id"])
    baseline = proof.baseline(proof.run(HERE / "sample.toml", SAMPLE, "none", only), "one")
    for fault, metric, variants, _ in FAULTS:
        planted = proof.run(HERE / "sample.toml", SAMPLE, fault, only)
        report = proof.gate(baseline, planted, HERE / "latency.toml", expected=(11,))
        for variant in variants:
            assert verdicts(report, metric)[variant] == "underpowered", report["checks"]
    print(f"one conversation: {len(FAULTS)} planted faults, underpowered each time")


def spin():
    while True:
        pass


class Load:
    """As many busy processes as there are processors."""

    def __enter__(self):
        self.spinning = [multiprocessing.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
        for process in self.spinning:
            process.start()

    def __exit__(self, *_):
        for process in self.spinning:
            process.terminate()
            process.join()


def latency(proof, times, rounds):
    config = HERE / "sample.toml"
    baseline = proof.baseline(proof.run(config, SAMPLE), "itself")
    policy, measured = HERE / "latency.toml", ("--remeasure", str(rounds))
    slow = proof.run(config, SAMPLE)

    def program(fault):
        """The planted program with a fault in it, or with none: the two sides differ in nothing else."""
        path = proof.folder / f"planted-{fault.replace(':', '-')}"
        path.write_text(f'#!/bin/sh\nPLANTED={fault} exec {proof.planted} "$@"\n')
        path.chmod(0o755)
        return path

    def with_fault(fault, verdict, wanted):
        """A measurement has power, not certainty: one that goes wrong is told, and made once more."""
        more = (*measured, "--baseline-binary", program("none"), "--current-binary", program(fault))
        for _ in range(2):
            report = proof.gate(baseline, slow, policy, *more, expected=(0, 10, 11))
            seen = told(report, "latency.p95", "turns-hybrid")
            checks = [check for check in report["checks"] if check["metric"] == "latency.p95"]
            if all(wanted(check) for check in checks):
                print(f"{fault}, processors busy: {verdict}: {seen}")
                return
            print(f"{fault}, processors busy: not {verdict}: {seen}")
        sys.exit(f"{fault} was to be {verdict}, and twice was not: {checks}")

    start = time.monotonic()
    worst, undecided = 0.0, 0
    with Load():
        for number in range(1, times + 1):
            run = proof.run(config, SAMPLE, "none", f"seed={number}")
            report = proof.gate(baseline, run, policy, *measured, "--seed", str(number), expected=(0,))
            measured_now = [check for check in report["checks"] if check["metric"] == "latency.p95"]
            worst = max(worst, *(abs(check["difference"]) for check in measured_now))
            undecided += any(check["verdict"] == "underpowered" for check in measured_now)
            shutil.rmtree(run.parent)
        seconds = time.monotonic() - start
        print(f"the same build against itself, processors busy: {times} of {times} passed in {seconds:.0f} s; "
              f"p95 at most {worst:.1f} % apart; latency undecided in {undecided}")
        with_fault("slow:1.3", "caught", lambda c: c["verdict"] == "regressed" and (c["confirmation"] or {}).get("confirmed"))
        for fault in ("slow:1.02", "noise:0.02"):
            with_fault(fault, "passed", lambda c: not c["trips"])


def outputs(proof, python):
    """Every format of a gate that passes, trips and refuses, read by what reads it."""
    config = HERE / "sample.toml"
    run = proof.run(config, SAMPLE)
    baseline = proof.baseline(run, "formats")
    planted = proof.run(config, SAMPLE, "facts:5")
    other = proof.run(config, SAMPLE, "none", "dataset.limit=5")
    for name, current, expected in (("passes", run, 0), ("trips", planted, 10), ("refuses", other, 12)):
        folder = proof.folder / name
        folder.mkdir()
        targets = {"json": "gate.json", "junit": "gate.xml", "github": "annotations.txt", "bencher": "bencher.json",
                   "benchmark-action-bigger": "bigger.json", "benchmark-action-smaller": "smaller.json",
                   "markdown": "summary.md", "human": "gate.txt"}
        more = [part for form, file in targets.items() for part in ("--output", f"{form}={folder / file}")]
        proof.gate(baseline, current, HERE / "policy.toml", "--confirm", "never", *more, expected=(expected,))
        subprocess.run([f"{python}/python", HERE / "outputs.py", folder], check=True)
        for schema, files in (("bencher-metric-format", ["bencher"]), ("benchmark-action", ["bigger", "smaller"])):
            paths = [folder / f"{file}.json" for file in files]
            command = [f"{python}/check-jsonschema", "--quiet", "--schemafile", HERE / "schemas" / f"{schema}.json", *paths]
            subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="how often the same build is held against itself")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement of latency")
    parser.add_argument("--locomo", help="LOCOMO's file: faults are planted there too")
    parser.add_argument("--memgauge", default=ROOT / "target/release/memgauge")
    parser.add_argument("--planted", default=ROOT / "target/release/examples/planted")
    parser.add_argument("--validators", help="folder of programs with junitparser and check-jsonschema: formats are read too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(arguments, Path(folder))
        faults(proof, HERE / "sample.toml", SAMPLE, "sample", small=True)
        if arguments.locomo:
            faults(proof, HERE / "locomo.toml", Path(arguments.locomo).resolve(), "locomo", small=False)
        one_conversation(proof)
        if arguments.validators:
            outputs(proof, arguments.validators)
        latency(proof, arguments.times, arguments.rounds)


if __name__ == "__main__":
    main()
