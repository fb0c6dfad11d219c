"""What a conformance run found, as Markdown, JSON and rows of a table."""

import dataclasses
import json
import math

from keras_acts.conformance.judge import Judgement

HEADINGS = ("activation", "value", "gradient", "stock value", "stock gradient", "not finite", "stock")
MISSING = "–"


AS_STOCK = "as stock: "  # how a problem begins that the framework's own function has too


@dataclasses.dataclass(frozen=True)
class Finding:
    """One activation in one dtype: its value or its gradient, and that of Keras's own function, if there is one."""

    name: str
    dtype: str
    what: str
    ours: Judgement
    stock: Judgement | None
    exception: str | None  # why its bound is another than that of the rest


@dataclasses.dataclass(frozen=True)
class Report:
    """All findings, and `works`: what is wrong with each activation under each transform, an empty string if nothing is."""

    package: str
    keras: str
    backend: str
    framework: str
    device: str
    mode: str
    findings: list[Finding]
    works: dict[str, dict[str, str]]

    @property
    def breaches(self):
        """A line for each breach of the contract."""
        wrong = [f"{each.name}, {each.dtype} {each.what}: {each.ours.breach}" for each in self.findings if not each.ours.kept]
        return wrong + [
            f"{name}, {what}: {problem}"
            for name, all_ in self.works.items()
            for what, problem in all_.items()
            if problem and not problem.startswith(AS_STOCK)
        ]

    @property
    def exceptions(self):
        """A line for each bound that is another than that of the rest; the tables point to them by number."""
        return [
            f"{each.name}, {each.dtype} {each.what}, bound {each.ours.bound:g}: {each.exception}"
            for each in self.findings
            if each.exception
        ]

    @property
    def dtypes(self):
        return list(dict.fromkeys(each.dtype for each in self.findings))

    def rows(self, dtype):
        """The table of a dtype under `HEADINGS`: worst errors in ULP and counts, as text."""
        marks = {(each.name, each.dtype, each.what): i for i, each in enumerate(self._excepted(), 1)}
        found = {}
        for each in self.findings:
            if each.dtype == dtype:
                found.setdefault(each.name, {})[each.what] = each
        rows = []
        for name, by_what in found.items():
            cells, counts = [], []
            for side in ("ours", "stock"):
                judged = {what: getattr(each, side) for what, each in by_what.items() if getattr(each, side)}
                for what in ("value", "gradient"):
                    mark = marks.get((name, dtype, what)) if side == "ours" else None
                    cells.append(_shown(judged[what], mark) if what in judged else MISSING)
                counts.append(str(sum(each.not_finite for each in judged.values())) if judged else MISSING)
            rows.append([name, *cells, *counts])
        return rows

    def _excepted(self):
        return [each for each in self.findings if each.exception]

    @property
    def summary(self):
        """What was run and how it went, in sentences."""
        names = {each.name for each in self.findings}
        compared = {each.name for each in self.findings if each.stock}
        beaten = {each.name for each in self.findings if each.stock and each.stock.breach}
        lines = [
            f"keras_acts {self.package} on {self.backend} {self.framework} ({self.device}, {self.mode}), Keras {self.keras}.",
            f"{len(names)} activations in {', '.join(self.dtypes)}: "
            + (f"{len(self.breaches)} breaches of the contract." if self.breaches else "all keep the contract."),
        ]
        if compared:
            lines.append(f"Of the {len(compared)} that stock Keras has, its own would break the same bounds in {len(beaten)}.")
        return lines

    @property
    def transforms(self):
        """A line for each transform: how many activations work under it."""
        every = dict.fromkeys(what for each in self.works.values() for what in each)
        lines = []
        for what in every:
            problems = [each[what] for each in self.works.values() if what in each]
            lines.append(f"{what}: {problems.count('')} of {len(problems)}")
        return lines

    def to_markdown(self):
        """The report as a page."""
        lines = [f"# Conformance on {self.backend}", "", *self.summary, ""]
        lines += [
            "Worst errors in ULP of the dtype (0.5 is correctly rounded) against exact results, at every bit pattern in half",
            "precision, else on a grid; parameters at their defaults. The gradient leaves out the neighbourhood of its zeros,",
            "which has another bound. Not finite: how many results are not, although the exact ones are. An exclamation mark",
            "is a breach of our bounds, or of what NaN, the infinities, kinks and zeros of the derivative must give.",
        ]
        for dtype in self.dtypes:
            lines += ["", f"## {dtype}", "", _row(HEADINGS), _row(["---", *["---:"] * (len(HEADINGS) - 1)])]
            lines += map(_row, self.rows(dtype))
        if self.exceptions:
            lines += ["", "## Exceptions", "", *(f"{i}. {line}" for i, line in enumerate(self.exceptions, 1))]
        lines += ["", "## Works under", "", *(f"- {line}" for line in self.transforms), "", *self._table_of_transforms()]
        if self.breaches:
            lines += ["", "## Breaches", "", *(f"- {line}" for line in self.breaches)]
        return "\n".join(lines) + "\n"

    def _table_of_transforms(self):
        """A row for each activation: whether it works under each transform."""
        every = list(dict.fromkeys(what for each in self.works.values() for what in each))
        lines = [_row(["activation", *every]), _row(["---", *["---"] * len(every)])]
        for name, works in self.works.items():
            lines.append(_row([name, *(_works(works.get(what)) for what in every)]))
        return lines

    def to_json(self):
        """The report as JSON; numbers that are not finite become strings."""
        return json.dumps(_plain({**dataclasses.asdict(self), "breaches": self.breaches}), indent=1, allow_nan=False) + "\n"


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _shown(judgement, mark=None):
    error = judgement.error
    number = f"{error:.2f}" if error < 99.5 else f"{error:.0f}" if error < 99_999.5 else f"{error:.0e}".replace("e+", "e")
    if math.isinf(error):
        number = "fails"
    return number + ("!" if judgement.breach else "") + (f" ({mark})" if mark else "")


def _works(problem):
    """A cell of the table of transforms."""
    if problem is None:
        return MISSING
    return "yes" if not problem else "as stock" if problem.startswith(AS_STOCK) else "no"


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
