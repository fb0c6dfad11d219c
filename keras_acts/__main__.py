"""The command line: ``python -m keras_acts list | show NAME | plot NAME… | check | demo``, also installed as ``keras-acts``."""

import argparse
import ast
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

import keras_acts
from keras_acts import Parameterised, Record
from keras_acts._record.identities import identities_of
from keras_acts._sentences import as_layers, as_text, by_name, learning_layers, properties, range_of, smoothness

UNCUT = 10_000  # a width that no table reaches
READABLE = 88  # columns of a text


class RequestError(Exception):
    """What the user asked for can't be done: the message says why and how it can."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status: 0, 1 if a check failed, 2 if the request can't be met."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that can't show ∞ shows ?
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except RequestError as error:
        print(f"keras-acts: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("keras-acts: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keras-acts",
        description="Activation functions for Keras 3: look them up, draw them, see them train.",
        epilog="The backend is Keras's own choice: set KERAS_BACKEND to tensorflow, jax or torch.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"keras-acts {keras_acts.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text[0].lower() + text[1:].rstrip("."), description=text, allow_abbrev=False)
        added.set_defaults(run=run)
        return added

    listing = command("list", _list, "List the activations with their formulas and properties, by family.")
    listing.add_argument("--family", metavar="FAMILY", help="only one family, such as rectified")
    listing.add_argument("--aliases", action="store_true", help="give every alias a row of its own")

    show = command("show", _show, "Show all that is known about one activation.")
    show.add_argument("name", metavar="NAME", help="a name or an alias")
    _add_parameters(show)

    plot = command("plot", _plot, "Draw activations and their derivatives into a picture. Needs matplotlib.")
    plot.add_argument("names", metavar="NAME", nargs="+", help="names or aliases")
    plot.add_argument("--output", type=Path, metavar="FILE", default=Path("activations.png"), help="default: %(default)s")
    plot.add_argument(
        "--derivative", action=argparse.BooleanOptionalAction, default=True, help="draw the derivative too (default: yes)"
    )
    plot.add_argument(
        "--range", nargs=2, type=float, metavar=("LO", "HI"), default=(-4.0, 4.0), help="ends of the x axis (default: -4 4)"
    )
    plot.add_argument("--strip", action="store_true", help="one row without axes, for the head of a page")
    _add_parameters(plot)

    check = command(
        "check",
        _check,
        "Measure how far activations are from exact results on this backend and device, and stock Keras's beside them. Fails "
        "if one breaks the contract. All of them take minutes. Needs mpmath.",
    )
    check.add_argument("--names", type=_several, metavar="NAME,…", action="extend", help="names or aliases (default: all)")
    check.add_argument(
        "--dtype", type=_several, metavar="DTYPE,…", action="extend", help="float16, bfloat16, float32, float64 (default: all)"
    )
    check.add_argument("--compiled", action="store_true", help="compile what is measured: by XLA, or by torch.compile")
    check.add_argument("--json", type=Path, metavar="FILE", help="write all figures, and where the worst errors are")
    check.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")

    demo = command(
        "demo",
        _demo,
        "Train a small network on handwritten digits for each of several activations, compare them, draw the training curves "
        "and the functions, save the models and reload them in a fresh process. Needs matplotlib and scikit-learn.",
    )
    demo.add_argument("--seeds", type=_count, metavar="N", default=3, help="runs of each activation (default: %(default)s)")
    demo.add_argument("--epochs", type=_count, metavar="N", default=20, help="epochs of each run (default: %(default)s)")
    demo.add_argument(
        "--output", type=Path, metavar="DIR", default=Path("demo-output"), help="where the files go (default: ./%(default)s)"
    )
    return parser


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    """An option for every parameter in the catalogue."""
    owners: dict[str, list[str]] = {}
    for name in keras_acts.names():
        for parameter in keras_acts.describe(name).parameters:
            owners.setdefault(parameter.name, []).append(name)
    group = parser.add_argument_group("parameters of an activation")
    for parameter_name, names in sorted(owners.items()):
        spelt = dict.fromkeys([f"--{parameter_name.replace('_', '-')}", f"--{parameter_name}"])
        text = f"of {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
        group.add_argument(
            *spelt, dest=f"parameter {parameter_name}", metavar="VALUE", type=_value, default=argparse.SUPPRESS, help=text
        )


def _value(text: str) -> Any:
    """A number, None, a tuple or a bool as Python writes it; anything else stays a string, and is refused by its parameter."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _several(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on; got {text!r}")
    return int(text)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The parameters of activations among the arguments."""
    return {key.removeprefix("parameter "): value for key, value in vars(arguments).items() if key.startswith("parameter ")}


def _asked(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `call` returns; the package's errors become messages."""
    try:
        return call(*args, **kwargs)
    except (ValueError, TypeError, ImportError, OSError) as error:
        raise RequestError(str(error)) from error


def _console() -> Console:
    """As wide as the terminal; a file or a pipe gets every line whole."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = UNCUT
    return console


# list


def _list(arguments: argparse.Namespace) -> None:
    chosen = [keras_acts.describe(name) for name in _asked(keras_acts.names, arguments.family)]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("name", "formula", "range", "smoothness", "monotonic", "aliases"):
        table.add_column(heading, overflow="fold")
    for family in sorted({record.family for record in chosen}):
        table.add_row()
        table.add_row(Text(family, style="bold cyan"))
        for record in (record for record in chosen if record.family == family):
            table.add_row(
                record.name,
                record.formula,
                range_of(record),
                "" if record.smoothness is None else smoothness(record.smoothness),
                {True: "yes", False: "no", None: ""}[record.monotonic],
                "" if arguments.aliases else ", ".join(record.aliases),
            )
            for alias in record.aliases if arguments.aliases else ():
                table.add_row(alias, f"= {record.name}")
    console = _console()
    console.print(table)
    console.print(f"\n{len(chosen)} activations. More about one: python -m keras_acts show {chosen[0].name}")


# show


def _show(arguments: argparse.Namespace) -> None:
    from keras_acts import plotting

    given = _given(arguments)
    record = _asked(keras_acts.describe, arguments.name)
    chosen = _asked(keras_acts.get, record.name, **{**record.example, **given})
    console = _console()
    console.width = min(console.width, READABLE)
    bare = arguments.name.removeprefix("keras_acts>")
    console.print(Text.assemble((record.name, "bold"), "  " if bare == record.name else f"  (alias: {bare})  ", record.formula))
    console.print(as_text(record.summary))
    console.print()
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _facts(record, chosen):
        grid.add_row(label, text)
    console.print(grid)
    title = record.name + (f"({', '.join(f'{key}={value!r}' for key, value in given.items())})" if given else "")
    row = plotting.curve(chosen, (-4, 4)).row
    console.print(f"\n{title} for x from -4 to 4{f', {row}' if row else ''}:")
    console.print(plotting.sketch(chosen, width=min(48, console.width)))


def _facts(record: Record, chosen: Any) -> list[tuple[str, str]]:
    """Label and text of each line about an activation."""
    facts = [
        ("derivative", record.derivative or "a matrix for each row: not element-wise"),
        ("parameters", "\n".join(map(str, record.parameters)) or "none"),
        *properties(record),
        ("family", record.family),
        ("aliases", ", ".join(record.aliases) or "none"),
        *([("identities", "\n".join(equal))] if (equal := identities_of(record)) else []),
        ("reference", record.reference),
        ("by name", as_text("\n".join(by_name(record, chosen)))),
        ("as a layer", as_text("\n".join([*as_layers(record, chosen), *learning_layers(record)]))),
    ]
    if isinstance(chosen, Parameterised):
        facts.insert(2, ("", "(what follows holds at the defaults)"))
    return facts


# check


def _check(arguments: argparse.Namespace) -> int:
    from keras_acts import conformance

    files = {arguments.json: "to_json", arguments.markdown: "to_markdown"}
    for file in filter(None, files):
        if not file.parent.is_dir():
            raise RequestError(f"there is no folder {str(file.parent)!r} to write {file.name} in.")
    console = _console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")
        report = _asked(
            conformance.check,
            arguments.names,
            arguments.dtype or conformance.DTYPES,
            compiled=arguments.compiled,
            progress=lambda done, total, name: bar.update(task, completed=done, total=total, description=name),
        )
    for file, form in files.items():
        if file:
            _asked(file.write_text, getattr(report, form)(), encoding="utf-8")
    _show_report(console, report)
    return 1 if report.breaches else 0


def _show_report(console: Console, report: Any) -> None:
    from keras_acts.conformance.report import HEADINGS

    for dtype in report.dtypes:
        table = Table(title=dtype, title_style="bold", title_justify="left", box=None, pad_edge=False, header_style="cyan")
        for i, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="right" if i else "left", overflow="fold")
        for row in report.rows(dtype):
            table.add_row(*(Text(cell, style="red" if "!" in cell else "") for cell in row))
        console.print(table)
        console.print()
    for i, line in enumerate(report.exceptions, 1):
        console.print(f"({i}) {line}")
    for line in [*report.transforms, "", *report.summary, f"Fused kernels: {keras_acts.fusion_mode()}."]:
        console.print(line)
    for line in report.breaches:
        console.print(Text(line, style="red"))


# plot and demo


def _plot(arguments: argparse.Namespace) -> None:
    from keras_acts import plotting

    given = _given(arguments)
    records = [_asked(keras_acts.describe, name) for name in arguments.names]
    chosen = [_asked(keras_acts.get, record.name, **{**record.example, **given}) for record in records]
    draw = plotting.strip if arguments.strip else plotting.plot
    figure = _asked(draw, chosen, derivative=arguments.derivative, range=tuple(arguments.range))
    metadata = {"Software": None} if arguments.output.suffix == ".png" else None  # the same picture is the same file
    _asked(figure.savefig, arguments.output, dpi=200, metadata=metadata)
    print(arguments.output)


def _demo(arguments: argparse.Namespace) -> int:
    from keras_acts import _demo

    _asked(_demo.require_extras)
    same = _demo.run(seeds=arguments.seeds, epochs=arguments.epochs, output=arguments.output, console=_console())
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
