"""Command line over the same functions that Dagster runs. Imports are inside the commands: `--help` must answer at
once.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from orchestration.settings import PROJECT_DIR, Settings

DEMO_WORLD = "demo-world"
NOTHING_PUBLISHED = 1


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str], None]]:
    """A spinner with the current step on a terminal, plain lines elsewhere."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    began = datetime.now(UTC)
    if console.is_terminal:
        with console.status(title) as status:
            yield lambda message: status.update(f"{title}: {escape(message)}")
    else:
        console.print(title)
        yield lambda message: console.print(f"  {message}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{title}: {(datetime.now(UTC) - began).total_seconds():.1f} s", markup=False, highlight=False)


class Mapping(click.ParamType):
    """`column=header`."""

    name = "column=header"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first `=`."""
        column, separator, header = value.partition("=")
        if not separator or not column or not header:
            self.fail(f"{value!r} is not of the form column=header", param, ctx)
        return column, header


class Moment(click.ParamType):
    """An ISO time, as naive UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """A time without zone is UTC."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            self.fail(f"{value!r} is no ISO time such as 2026-10-24T06:00:00Z", param, ctx)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class Day(click.ParamType):
    """`2026-11-01`."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """A calendar day, UTC."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-01", param, ctx)


class Month(click.ParamType):
    """`2026-09`."""

    name = "month"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is, once it is a month."""
        try:
            return f"{datetime.strptime(value, '%Y-%m').replace(tzinfo=UTC):%Y-%m}"
        except ValueError:
            self.fail(f"{value!r} is no month such as 2026-09", param, ctx)


class Commands(click.Group):
    """Commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they are declared here."""
        return list(self.commands)


class Land(click.Command):
    """`land`, whose help names the sources of this project."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The folders of models/staging that hold what others send."""
        own = {"pipeline", "price_book"}
        known = sorted(path.name for path in (PROJECT_DIR / "models" / "staging").iterdir() if path.is_dir())
        formatter.write_paragraph()
        formatter.write_text("Sources: " + ", ".join(name for name in known if name not in own))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--home", type=click.Path(path_type=Path), help="The warehouse [default: $AI_FINOPS_HOME or ./warehouse]")
@click.pass_context
def main(context: click.Context, home: Path | None) -> None:
    """What every model, training run, customer and request cost, and whether it adds up to the invoice.

    \b
    A first look         ai-finops demo
    Your own data        ai-finops land aws_cur cur-2026-10.csv.gz --feed payer
                         ai-finops run
    What went on         ai-finops status
    Where a cost is from ai-finops explain request REQUEST_ID
    """
    context.obj = Settings.from_env(home)


@main.command(cls=Land)
@click.argument("source")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--feed", help="One stream of the source: an account, a cluster. Restatements and duplicates are judged inside it."
)
@click.option("--version", help="Orders deliveries of one period where the vendor gives no version. Newer wins.")
@click.option(
    "--observed-at",
    type=Moment(),
    help="When the files were taken (ISO, UTC), for formats that do not say: Prometheus text dumps.",
)
@click.option(
    "--window", nargs=2, metavar="FIRST END", help="Days that a trailing-window pull asked for; END is the day after."
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    type=Mapping(),
    help="Our column and the file's header, or =constant. Repeatable.",
)
@click.option("--force", is_flag=True, help="Take it even if it is older or covers fewer days than what is current.")
@click.pass_obj
def land(
    settings: Settings, source: str, files: tuple[Path, ...], feed: str | None, version: str | None,
    observed_at: datetime | None, window: tuple[str, str] | None, mapping: tuple[tuple[str, str], ...], force: bool,
) -> None:  # fmt: skip
    """Take in what a vendor sent, byte for byte. All FILES are one delivery; `run` loads it.

    SOURCE is one of those below. The same files with the same options are taken in once.

    \b
    A month of an AWS bill    ai-finops land aws_cur cur-0001.csv.gz cur-0002.csv.gz --feed payer
    The gateway's log         ai-finops land litellm spend-logs-2026-10-*.jsonl
    An Azure export           ai-finops land azure run/manifest.json run/part_*.csv --feed enrolment
    Any log of requests       ai-finops land request_log calls.csv --map requested_at=TIMESTAMP
                                  --map input_total_tokens=ContextTokens --map model==gpt-4o
    Answers of a model API    ai-finops land model_responses answers.jsonl --map provider==openai
    GPU metrics, a text dump  ai-finops land dcgm node7.prom --observed-at 2026-10-01T10:00:00Z
    """
    from orchestration.landing.deliveries import LandingError
    from orchestration.landing.deliveries import land as land_delivery

    try:
        delivery = land_delivery(
            source, files, settings=settings, feed=feed, version=version, observed_at=observed_at,
            mapping=dict(mapping), window=window, force=force,
        )  # fmt: skip
    except LandingError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"landed {len(files)} file(s) as {delivery.delivery_id} in {delivery.path}\nload it with: ai-finops run")


@main.command("land-list", short_help="Land every delivery of a list.")
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder that paths start from."
)
@click.option("--arrived-by", help="Leave out what arrives later (ISO).")
@click.pass_obj
def land_list(settings: Settings, manifest: Path, root: Path | None, arrived_by: str | None) -> None:
    """Land every delivery of a list (YAML or JSON), for example examples/real_data/deliveries.yml."""
    from orchestration.landing.deliveries import LandingError
    from orchestration.landing.manifest import land_manifest

    with _progress("Landing") as progress:
        try:
            landed = land_manifest(manifest, settings=settings, root=root, arrived_by=arrived_by, progress=progress)
        except (LandingError, ValueError) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"landed {len(landed)} deliveries")


@main.command("land-export", short_help="Land the newest runs of a scheduled export.")
@click.argument("source")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--feed", help="The account; its actual and amortized exports belong to one feed.")
@click.pass_obj
def land_export(settings: Settings, source: str, folder: Path, feed: str | None) -> None:
    """Land the newest run of each month of the Azure or AWS exports in FOLDER, a synced container or a part of one.

    A run is known by its manifest, and only the files that it lists are read; runs that a later one of the same month
    replaced are not. FOCUS exports go to source `focus`, Azure's actual and amortized cost to `azure`, AWS reports
    (CUR 2.0 and legacy) to `aws_cur`. AWS's manifests hold no time: sync them so that modification times are kept, as
    `aws s3 sync` does.
    """
    from orchestration.landing.deliveries import LandingError
    from orchestration.landing.export_runs import land_newest_runs

    try:
        landed = land_newest_runs(source, folder, settings=settings, feed=feed)
    except LandingError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"landed {len(landed)} runs")


def _run(settings: Settings, as_of: datetime | None, force: bool, with_dagster: bool, full_tests: bool = False) -> dict:
    """One night, either way; the record of it."""
    from orchestration import pipeline, runs
    from orchestration.run_lock import AlreadyRunningError

    with _progress("Nightly job") as progress:
        try:
            if with_dagster:
                from orchestration.dagster_run import run_through_dagster

                return run_through_dagster(settings, as_of, force, progress, full_tests)
            pipeline.run(settings, as_of, force, progress, full_tests)
        except AlreadyRunningError as error:
            raise click.ClickException(str(error)) from error
        except (pipeline.BuildError, pipeline.GateError):
            pass  # the record has the sentences; the caller prints them
        return runs.read_runs(settings.home)[0]


@main.command(short_help="One night: load, build the dirty days, judge, publish.")
@click.option(
    "--as-of", type=Moment(), help="The run's clock (ISO, UTC); default now. Decides what counts as complete."
)
@click.option("--force", is_flag=True, help="Rebuild everything, dirty or not.")
@click.option(
    "--full-tests", is_flag=True, help="Test all days, not only the rebuilt ones; each week's first run does so anyway."
)
@click.option(
    "--dagster/--no-dagster", "with_dagster", default=True, help="Through Dagster's job (default), or without it."
)
@click.pass_obj
def run(settings: Settings, as_of: datetime | None, force: bool, full_tests: bool, with_dagster: bool) -> None:
    """One night: load what landed, build the dirty days, judge, publish.

    With nothing new it ends in seconds and starts neither Dagster nor dbt. Ends with 1 where nothing could be
    published; what was published before stays.
    """
    from orchestration import status as report

    record = _run(settings, as_of, force, with_dagster, full_tests)
    report.print_run(record)
    if record["status"] in ("refused", "failed"):
        sys.exit(NOTHING_PUBLISHED)


@main.command(short_help="What is loaded, refused or stale; how the last runs went.")
@click.option("--runs", "shown", default=5, show_default=True, help="Number of runs.")
@click.pass_obj
def status(settings: Settings, shown: int) -> None:
    """What is published, loaded, refused or stale; how the last runs went and how long each stage took."""
    from orchestration import status as report

    report.print_status(settings, shown)


@main.command(short_help="Write a made-up company's vendor files, and the truth.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=7, show_default=True, help="Seed of every random choice: same seed, same bytes.")
@click.option("--months", default=3, show_default=True, help="Billing months, the open one included.")
@click.option(
    "--requests-per-day", default=1600.0, show_default=True, help="Requests through the gateway on an average day."
)
@click.option(
    "--gpu-scale", default=1.0, show_default=True, help="Size of the fleet; 1 is about 2.5 million dollars a month."
)
@click.pass_obj
def simulate(settings: Settings, out: Path, seed: int, months: int, requests_per_day: float, gpu_scale: float) -> None:
    """Write a made-up company's vendor files, and the truth about its costs, into OUT.

    Land them with: ai-finops land-list OUT/deliveries/manifest.json
    """
    from orchestration.simulation import simulate as write_world

    with _progress("Simulating") as progress:
        try:
            world = write_world(
                out, seed=seed, months=months, requests_per_day=requests_per_day, gpu_scale=gpu_scale,
                threads=settings.threads, progress=progress,
            )  # fmt: skip
        except (FileExistsError, ValueError) as error:
            raise click.ClickException(str(error)) from error
    for what, volume in world.volumes.items():
        click.echo(f"{volume:>14,}  {what}")
    click.echo(f"land it with: ai-finops land-list {world.manifest}")


@main.command(short_help="Simulate a company, run the night, show the first screen.")
@click.option("--requests-per-day", default=800.0, show_default=True, help="Size of the request log.")
@click.option(
    "--gpu-scale", default=0.3, show_default=True, help="Size of the fleet; 1 is about 2.5 million dollars a month."
)
@click.pass_obj
def demo(settings: Settings, requests_per_day: float, gpu_scale: float) -> None:
    """Simulate a company, run the nightly job through Dagster, publish, show the first screen."""
    from orchestration import status as report
    from orchestration.dbt_parse import Parse
    from orchestration.landing.manifest import land_manifest
    from orchestration.screen import print_screen
    from orchestration.simulation import AS_OF
    from orchestration.simulation import simulate as write_world

    # Dagster asks for dbt's project before anything else; it is parsed while the company is simulated.
    parse = Parse(settings)
    world = settings.home / DEMO_WORLD
    manifest = world / "deliveries" / "manifest.json"
    if not manifest.exists():
        import shutil

        shutil.rmtree(world, ignore_errors=True)
        with _progress("Simulating three months of a company") as progress:
            write_world(
                world,
                requests_per_day=requests_per_day,
                gpu_scale=gpu_scale,
                threads=settings.threads,
                progress=progress,
            )
    with _progress("Landing its vendors' files") as progress:
        land_manifest(manifest, settings=settings, progress=progress)
    with suppress(RuntimeError):  # Dagster's definitions say so where it does not parse
        parse.manifest()
    record = _run(settings, AS_OF.replace(tzinfo=None), False, True)
    report.print_run(record)
    if record["status"] in ("refused", "failed"):
        sys.exit(NOTHING_PUBLISHED)
    print_screen(settings)


@main.command(short_help="Where a cost comes from, down to the invoice.")
@click.argument("kind", type=click.Choice(["request", "run", "customer", "team"]))
@click.argument("identifier")
@click.option("--month", type=Month(), help="For a customer or team, as 2026-09; default the newest with cost.")
@click.pass_obj
def explain(settings: Settings, kind: str, identifier: str, month: str | None) -> None:
    """Where a cost comes from: token class and price version, allocation step and rule, bill line, invoice.

    \b
    ai-finops explain request chatcmpl-8f2a…
    ai-finops explain run 4be1…            a training run, with its attempts
    ai-finops explain customer cust-007 --month 2026-09
    ai-finops explain team search
    """
    from orchestration.explain import NotFoundError, print_explanation
    from orchestration.reading import NothingPublishedError

    try:
        print_explanation(settings, kind, identifier, month)
    except (NotFoundError, NothingPublishedError) as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="What past days would cost with the newest prices.")
@click.option("--from", "first", type=Day(), required=True, help="First day, UTC.")
@click.option("--to", "last", type=Day(), required=True, help="Last day, UTC; it is included.")
@click.option("--accept", is_flag=True, help="Price these days with the newest prices from the next night on.")
@click.pass_obj
def reprice(settings: Settings, first: date, last: date, accept: bool) -> None:
    """What the days would cost with the newest price book: the difference by model and book, before anything changes.

    Days keep the prices that they were first priced with. With --accept the newest book is put on record for them, and
    the next night rebuilds those whose prices changed.
    """
    from orchestration import reprice as pricing
    from orchestration.reading import NothingPublishedError

    if last < first:
        raise click.UsageError(f"{last} is before {first}")
    end = last + timedelta(days=1)
    try:
        with _progress("Pricing the days again"):
            lines = pricing.differences(settings, first, end)
    except (NothingPublishedError, pricing.RepriceError) as error:
        raise click.ClickException(str(error)) from error
    pricing.print_differences(lines, first, last)
    if accept:
        book = pricing.accept(settings, first, end)
        click.echo(f"{first} to {last} are priced with {book} from the next night on: ai-finops run")


@main.command(short_help="The first screen: do the invoices add up, what costs what.")
@click.pass_obj
def screen(settings: Settings) -> None:
    """The first screen again: invoices against the ledger, where the money went, unit costs, what was restated."""
    from orchestration.reading import NothingPublishedError
    from orchestration.screen import print_screen

    try:
        print_screen(settings)
    except NothingPublishedError as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="A DuckDB file of your own, for `dbt build` by hand.")
@click.pass_obj
def analyst(settings: Settings) -> None:
    """A DuckDB file of your own over the same raw tables; then `dbt build` works by hand (target `analyst`).

    Run it again to see what has been loaded since. Nightly runs and you are never in each other's way.

    \b
    Everything, with tests    .venv/bin/dbt build
    One mart and its inputs   .venv/bin/dbt build --select +cost_per_model_daily
    """
    from orchestration.analyst import dbt_environment, set_up

    path = set_up(settings)
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in dbt_environment(settings).items())
    click.echo(f"{path}: raw views over the lake as it is now. Build with:\n{variables}.venv/bin/dbt build")


@main.command(short_help="Dagster's web page with the asset graph.", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def dev(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Dagster's web page with the asset graph, on port 3000. Further ARGUMENTS go to `dagster dev`."""
    import os

    from orchestration.dagster_run import dagster_home
    from orchestration.dbt_parse import Parse

    dagster_home(settings)
    os.environ["AI_FINOPS_HOME"] = str(settings.home)
    # `dg`, which Dagster would rather have us use, is a package of its own and does nothing more here.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:Function `dev_command` is superseded")
    Parse(settings).manifest()
    os.chdir(settings.project_dir)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(dagster, [dagster, "dev", "-m", "orchestration.definitions", *arguments])


if __name__ == "__main__":
    main()
