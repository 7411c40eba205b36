"""Handlers are found in the configuration and among installed plug-ins; each failure says where and what to do."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from receiver import plugins
from receiver.errors import RoutingError
from receiver.settings import HandlerTable

SECRET = "s3cr3t-PLANTED"
HANDLER = """
from receiver import Context, Router
from receiver.events import Event

router = Router()

@router.on(Event{options})
def note(ctx: Context[Event]) -> None: ...
"""


@pytest.fixture(autouse=True)
def _imports() -> Iterator[None]:
    """Each test imports modules of its own, from a folder of its own."""
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def install(folder: Path, name: str, target: str) -> None:
    """What an installer leaves behind of a distribution with one entry point."""
    info = f"acme_{name}-1.0.dist-info"
    write(folder, f"{info}/METADATA", f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
    write(folder, f"{info}/entry_points.txt", f"[yizhan.handlers]\n{name} = {target}\n")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def loaded(folder: Path, *names: str) -> list[str]:
    return [route.name for route in plugins.load_routers(names, folder)]


def _faults(names: Sequence[str], folder: Path, *tables: HandlerTable) -> list[str]:
    return [str(error) for error in plugins.find_routers(names, folder, tables)[1]]


def test_module_beside_the_configuration_is_found(tmp_path: Path) -> None:
    write(tmp_path, "shop.py", HANDLER.format(options=""))
    write(tmp_path, "pets/__init__.py", "")
    write(tmp_path, "pets/cats.py", HANDLER.format(options="") + "class deep:\n    r = router\n")
    assert loaded(tmp_path, "shop:router", "pets.cats:deep.r") == ["shop.note", "pets.cats.note"]


def test_folder_of_the_configuration_is_searched_last_and_entered_once(tmp_path: Path) -> None:
    write(tmp_path, "json.py", "raise ValueError")
    for _ in range(2):
        assert loaded(tmp_path) == []
    assert sys.path[-1] == str(tmp_path)
    assert sys.path.count(str(tmp_path)) == 1


def test_installed_plugin_is_found_without_being_named(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(site, "acme.py", HANDLER.format(options=", name='acme'"))
    write(tmp_path, "shop.py", HANDLER.format(options=""))
    install(site, "sync", "acme:router")
    assert loaded(tmp_path, "shop:router") == ["shop.note", "acme"]


def test_router_that_is_both_named_and_installed_is_loaded_once(tmp_path: Path) -> None:
    write(tmp_path, "acme.py", HANDLER.format(options=""))
    install(tmp_path, "sync", "acme:router [extra]")
    assert loaded(tmp_path, "acme:router", "acme:router") == ["acme.note"]


CASES = [
    (
        "gone:router",
        None,
        (
            "router gone:router: there is no module gone; "
            "put gone.py into {folder}, install its package, or correct the name"
        ),
    ),
    (
        "gone.orders:router",
        None,
        (
            "router gone.orders:router: there is no module gone; "
            "put gone.py into {folder}, install its package, or correct the name"
        ),
    ),
    (
        "shop.orders:router",
        "",
        (
            "router shop.orders:router: there is no module shop.orders; "
            "put shop/orders.py into {folder}, install its package, or correct the name"
        ),
    ),
    ("shop:router", "", "router shop:router: shop.py has no 'router'; add router = Router()"),
    (
        "shop:router",
        "from receiver import Router\nroutes = Router()",
        "router shop:router: shop.py has no 'router'; it has shop:routes",
    ),
    (
        "shop:router",
        f"router = '{SECRET}'",
        "router shop:router: router in shop.py is a str; expected a receiver.Router",
    ),
    (
        "shop:router",
        f"\ndef read():\n    raise ValueError('{SECRET}')\nread()",
        "router shop:router: ValueError at shop.py:3; correct it, or see it with: python -c 'import shop'",
    ),
    (
        "shop:router",
        f"import json\njson.loads('{SECRET}')",
        "router shop:router: JSONDecodeError at shop.py:2; correct it, or see it with: python -c 'import shop'",
    ),
    (
        "shop:router",
        "raise SystemExit(1)",
        "router shop:router: SystemExit at shop.py:1; correct it, or see it with: python -c 'import shop'",
    ),
    (
        "shop:router",
        "\nimport absent.part",
        "router shop:router: ModuleNotFoundError at shop.py:2: there is no module absent; install it",
    ),
    (
        "shop:router",
        f"x = '{SECRET}'\nrouter = (",
        "router shop:router: SyntaxError at shop.py:2: '(' was never closed; correct it",
    ),
    (
        "shop:router",
        "from receiver import Router\nRouter().on(int)",
        "router shop:router: RoutingError at shop.py:2: on(<class 'int'>): expected an event type of receiver.events",
    ),
    (
        ":router",
        "",
        "router :router: ValueError; correct it, or see it with: python -c 'import '",
    ),
]


@pytest.mark.parametrize(("name", "text", "line"), CASES)
def test_failure_names_router_place_and_cure(tmp_path: Path, name: str, text: str | None, line: str) -> None:
    if text is not None:
        write(tmp_path, "shop.py", text)
    with pytest.raises(RoutingError) as caught:
        plugins.load_routers([name], tmp_path)
    assert str(caught.value) == line.format(folder=tmp_path)
    assert SECRET not in repr(caught.value)


def test_failure_of_a_plugin_names_entry_point_and_distribution(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(site, "acme/__init__.py", "")
    write(site, "acme/orders.py", "\n1 / 0")
    install(site, "sync", "acme.orders:router")
    assert _faults([], tmp_path) == [
        (
            "entry point sync of acme-sync: ZeroDivisionError at site/acme/orders.py:2; "
            "correct it, or see it with: python -c 'import acme.orders'"
        )
    ]


def test_one_failure_hides_neither_another_nor_what_works(tmp_path: Path) -> None:
    write(tmp_path, "bad.py", "router = 1")
    write(tmp_path, "good.py", HANDLER.format(options=""))
    names = ["bad:router", "good:router", "gone:router"]
    assert [line.partition(":r")[0] for line in _faults(names, tmp_path)] == ["router bad", "router gone"]
    router, errors = plugins.find_routers(names, tmp_path)
    assert [route.name for route in router] == ["good.note"]
    assert len(errors) == 2


def test_two_handlers_of_one_name_are_told_apart_by_place(tmp_path: Path) -> None:
    write(tmp_path, "one.py", HANDLER.format(options=", name='note'"))
    write(tmp_path, "two.py", HANDLER.format(options=", name='note'"))
    assert _faults(["one:router", "two:router"], tmp_path) == [
        (
            "router two:router: handler 'note' at two.py:7 has the name of the one at one.py:7 in router one:router; "
            "give one of them another: on(Event, name=…)"
        )
    ]


def test_handler_of_two_routers_is_told_apart_from_two_handlers(tmp_path: Path) -> None:
    write(tmp_path, "one.py", HANDLER.format(options=""))
    write(tmp_path, "all.py", "import one\nfrom receiver import Router\nrouter = Router(one.router)")
    assert _faults(["one:router", "all:router"], tmp_path) == [
        "router all:router: handler 'one.note' at one.py:7 is in router one:router too; name one of the two"
    ]


def test_handler_without_code_is_placed_by_its_module(tmp_path: Path) -> None:
    text = """
from receiver import Router
from receiver.events import Event
class Note:
    def __call__(self, ctx): ...
router = Router()
router.on(Event, name="note")(Note())
"""
    write(tmp_path, "one.py", text)
    write(tmp_path, "two.py", text)
    assert _faults(["one:router", "two:router"], tmp_path) == [
        (
            "router two:router: handler 'note' at two has the name of the one at one in router one:router; "
            "give one of them another: on(Event, name=…)"
        )
    ]


@pytest.mark.parametrize(
    ("file", "place", "name"),
    [
        ("handlers.py", "handlers.py", "handlers"),
        ("receiver.py", "receiver.py", "receiver"),
        ("handlers/__init__.py", "handlers", "handlers"),
        ("receiver/part.py", "receiver", "receiver"),
    ],
)
def test_local_module_of_our_name_is_a_clash(tmp_path: Path, file: str, place: str, name: str) -> None:
    write(tmp_path, file, "")
    assert plugins.clashes(tmp_path) == [
        (
            f"{tmp_path / place}: has the name of a package of yizhan's, so it is never imported, or hides ours; "
            f'rename it, for example to shop_{name}, and set [handlers] routers = ["shop_{name}:router"]'
        )
    ]


def test_our_own_packages_and_folders_without_code_are_no_clash(tmp_path: Path) -> None:
    write(tmp_path, "handlers/notes.txt", "")
    assert plugins.clashes(tmp_path) == []
    assert plugins.clashes(Path(plugins.__file__).parent.parent) == []


MADE = """
from pydantic import BaseModel
from receiver import Context, Router
from receiver.events import Event

class Target(BaseModel):
    url: str

class Shop(BaseModel):
    secret: str
    targets: list[Target] = []

def create(settings: Shop) -> Router:
    router = Router()
    for target in settings.targets:
        @router.on(Event, name=f"shop.{target.url}")
        def tell(ctx: Context[Event]) -> None: ...
    if settings.secret == "broken":
        raise OSError(settings.secret)
    return router

def bare(settings):
    return Router()

def nothing(settings: Shop) -> None: ...
"""


def test_router_is_made_with_the_settings_of_its_table(tmp_path: Path) -> None:
    """A table [handlers.shop] makes one router, whose handlers its settings name."""
    write(tmp_path, "shop.py", MADE)
    table = HandlerTable("shop", "shop:create", {"secret": SECRET, "targets": [{"url": "a"}, {"url": "b"}]})
    assert [route.name for route in plugins.load_routers([], tmp_path, [table])] == ["shop.a", "shop.b"]
    assert SECRET not in repr(table)


@pytest.mark.parametrize(
    ("target", "values", "line"),
    [
        (
            "shop:create",
            {"targets": [{"url": "a"}, {"url": 1}]},
            "[handlers.shop] secret: field required; [handlers.shop] targets[1].url: input should be a valid string",
        ),
        (
            "shop:create",
            {"secret": "broken"},
            "[handlers.shop]: OSError at shop.py:19; correct it, or see it with: python -c 'import shop'",
        ),
        (
            "shop:bare",
            {"secret": SECRET},
            "[handlers.shop]: bare in shop.py: expected a function of one pydantic model: its settings",
        ),
        (
            "shop:Shop",
            {"secret": SECRET},
            "[handlers.shop]: Shop in shop.py: expected a function of one pydantic model: its settings",
        ),
        (
            "shop:nothing",
            {"secret": SECRET},
            "[handlers.shop]: nothing in shop.py is a NoneType; expected a receiver.Router",
        ),
        (
            "shop:gone",
            {"secret": SECRET},
            "[handlers.shop]: shop.py has no 'gone'; add def gone(settings: …) -> Router",
        ),
    ],
)
def test_router_that_cannot_be_made_names_table_key_and_cure(
    tmp_path: Path, target: str, values: dict[str, object], line: str
) -> None:
    """No value of a table, which may be a secret, stands in the fault."""
    write(tmp_path, "shop.py", MADE)
    assert _faults([], tmp_path, HandlerTable("shop", target, values)) == [line]
