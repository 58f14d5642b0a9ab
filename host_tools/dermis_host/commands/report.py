"""`dermis report`: error rates of anybody's scores, as ISO/IEC 30107-3 names them; exit 1 if a claim is not carried."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from dermis_host.errors import EXIT_FAILED, EXIT_OK, UsageError
from dermis_host.evaluation import claims, figures, reporting
from dermis_host.evaluation.score_files import DELIMITERS, Layout, load, parse_columns
from dermis_host.output import Output

DEFAULT_BPCER = "1%"
SPOKEN_DELIMITERS = {"tab": "\t", "space": " "}
ON_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scores", type=Path, help="CSV of attempt, subject, species (empty: bona fide), score (higher: more bona fide)"
    )
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--threshold", metavar="T", help="accepted at or above it (--threshold=-1e-3)")
    rule.add_argument("--bpcer", metavar="RATE", help="the highest threshold with this BPCER (default: 1%%)")
    rule.add_argument("--apcer", metavar="RATE", help="the lowest threshold with this APCER of every species")
    parser.add_argument("--claim", action="append", default=[], metavar="FIGURE=RATE", help="apcer:photo=1%%")
    parser.add_argument("--non-response", choices=("apart", "counted"), default="apart", help="default: %(default)s")
    parser.add_argument("--columns", action="append", default=[], metavar="NAME=COLUMN", help="another layout")
    parser.add_argument("--bona-fide", action="append", default=[], metavar="WORD", help="a species: bona fide")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN", help="report this column apart, too")
    parser.add_argument("--delimiter", default=",", help="between the columns: one character, tab or space")
    parser.add_argument("--plan", type=Path, metavar="TOML", help="whose [report] names what the test report must hold")
    parser.add_argument("--simulated", action="store_true", help="stamp everything SIMULATED")
    parser.add_argument("--json", dest="json_file", metavar="OUT", help="all figures; - for stdout, and no table there")
    parser.add_argument("--html", dest="html_file", metavar="OUT", type=Path, help="a self-contained page with plots")
    parser.add_argument("--force", action="store_true", help="replace files that are no reports")


def run(arguments: argparse.Namespace, output: Output) -> int:
    rule, claimed, layout = _rule(arguments), claims.parse(arguments.claim), _layout(arguments)
    to_stdout = arguments.json_file == ON_STDOUT
    json_file = None if to_stdout or arguments.json_file is None else Path(arguments.json_file)
    reporting.check_places(arguments.scores, json_file, arguments.html_file, arguments.force)
    details = reporting.read_details(arguments.plan)
    result = reporting.make(
        arguments.scores,
        load(arguments.scores, layout),
        rule,
        counted=arguments.non_response == "counted",
        claimed=claimed,
        details=details,
        simulated=arguments.simulated or None,
    )
    reporting.write(result, json_file, arguments.html_file)
    output.as_json = to_stdout
    reporting.show(result, output)
    output.result(result)
    return told(result, output)


def told(result: dict[str, Any], output: Output) -> int:
    """Says which claims the sample does not carry; the exit code."""
    refused = [claim for claim in result["claims"] if not claim["carried"]]
    for claim in refused:
        output.error(f"not carried: {claim['sentence']}")
    return EXIT_FAILED if refused else EXIT_OK


def _rule(arguments: argparse.Namespace) -> figures.Rule:
    if arguments.threshold is not None:
        try:
            threshold = math.nan if "_" in arguments.threshold else float(arguments.threshold)  # 1_0 would be 10
        except ValueError:
            threshold = math.nan
        if not math.isfinite(threshold):
            raise UsageError(f"--threshold takes a number, not {arguments.threshold!r}.")
        return figures.Rule(figures.THRESHOLD, threshold)
    if arguments.apcer is not None:
        return figures.Rule(figures.APCER, claims.parse_rate(arguments.apcer, "--apcer"))
    bpcer = DEFAULT_BPCER if arguments.bpcer is None else arguments.bpcer
    return figures.Rule(figures.BPCER, claims.parse_rate(bpcer, "--bpcer"))


def _layout(arguments: argparse.Namespace) -> Layout:
    delimiter: str = SPOKEN_DELIMITERS.get(arguments.delimiter) or arguments.delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageError(f"--delimiter takes one character, tab or space: {', '.join(DELIMITERS.values())}.")
    return Layout(
        columns=parse_columns(arguments.columns) if arguments.columns else {},
        bona_fide=frozenset(arguments.bona_fide),
        by=tuple(dict.fromkeys(arguments.by)),
        delimiter=delimiter,
    )
