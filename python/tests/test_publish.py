"""Publishing, with the real modal package: what a deploy carries and what it leaves alone."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from published import carriers, load, manifest
from show import show, show_declarations, show_function

import farcall

modal = pytest.importorskip("modal")
pytest.importorskip("pydantic")


@pytest.fixture(autouse=True)
def apps(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "apps"))


def functions_of(app):
    return {each["name"]: each for each in manifest(app)["functions"]}


def test_all_functions_and_methods_are_published_with_their_types():
    app, problems = load("media")
    assert problems == []
    assert {name: f"{each['mode']} {show_function(each)}" for name, each in functions_of(app).items()} == {
        "resize": "unary (image: Uint8Array, options: ResizeOptions, *quality: number = 0.8): Uint8Array",
        "catalogue": 'unary (authors: AuthorInput[], frame: Color = "red",'
        " crop: [left: number, top: number, width?: number] | null = null): Map<number, Book>",
        "items": "generator (/since: string, /limit: number = 10): Item",
        "total": "unary (label: string, ...values: number[], *sign: 1 | -1 = 1): number",
        "settings": "unary (**values: string): void",
        "first": "unary <T>(values: T[]): T",
        "renamed": "unary (a: unknown, b: unknown = null): unknown",
        "numbers": "generator (n: number): number",
        "embed": "unary (texts: string, boost: number): number[]",
        "hello": "web (): unknown",
        "Model.predict": "unary (xs: number[], *top: number = 5): number[]",
        "Model.stream": "generator (prompt: string): Book",
        "Plain.ping": 'unary (): "pong"',
    }
    assert show_declarations(manifest(app)) == [
        'interface ResizeOptions { width: number; mode?: "fit" | "fill" }',
        "interface AuthorInput { name: string; born: string; books?: BookInput[] }",
        "interface BookInput { title: string; author?: AuthorInput | null; tags?: Set<string> }",
        'type Color = "red" | "blue"',
        "interface Book { title: string; author: Author | null; tags: Set<string> }",
        "interface Author { name: string; born: string; books: Book[] }",
        "interface Item { id: string; price: string; sold_at: Date | null }",
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python keeps overloads from 3.11 on")
def test_overloads_of_functions_and_methods_are_published():
    app, problems = load("overloaded")
    assert problems == []
    overloads = {name: [show_function(one) for one in each["overloads"]] for name, each in functions_of(app).items()}
    assert overloads == {
        "parse": [
            "(text: string): string[]",
            "(/text: string, /separator: string, *strict: boolean = true): { [key: string]: string }",
        ],
        "Model.predict": ["(value: number): string", "(value: string): number"],
    }


def test_documentation_and_sources_are_published():
    app, _ = load("media")
    assert manifest(app)["doc"] == "Pictures and texts: an app as people write them."
    functions = functions_of(app)
    assert functions["resize"]["doc"] == "Resizes an image.\n\n@returns A JPEG."
    assert functions["resize"]["parameters"][2]["doc"] == "From 0 to 1."
    assert functions["resize"]["source"]["file"].endswith("media.py")
    lines = (Path(__file__).parent / "apps" / "media.py").read_text().splitlines()
    assert "@app.function()" in lines[functions["resize"]["source"]["line"] - 1]


def test_functions_that_convert_are_marked():
    app, _ = load("media")
    assert [name for name, each in functions_of(app).items() if each.get("typed")] == [
        *("catalogue", "items", "Model.stream")
    ]


def test_classes_are_constructed_with_one_object():
    app, _ = load("media")
    model, plain = manifest(app)["classes"]
    assert model["name"] == "Model"
    assert model["doc"] == "A model of language."
    (parameter,) = model["constructors"][0]["parameters"]
    assert (parameter["name"], show(parameter["type"])) == ("params", "{ size: string; depth?: number }")
    assert [each.get("doc") for each in parameter["type"]["properties"]] == ["How big.", "@default 3"]
    assert plain["constructors"] == [{"parameters": []}]
    assert functions_of(app)["Plain.ping"]["class"] == "Plain"


def test_what_cannot_cross_is_warned_of_with_its_path():
    app, problems = load("awkward")
    assert problems == [
        "many: @farcall.typed does nothing for @modal.batched, whose arguments are lists that Modal collects",
        "resize(options.on_progress): Callable[[int], None] cannot cross",
        "greet(user): User does not arrive as such without @farcall.typed",
        "greet(when): date does not arrive as such without @farcall.typed",
        "embed(): the annotation np.ndarray cannot be evaluated (NameError: name 'np' is not defined)",
        "many(users): User does not arrive as such without @farcall.typed",
    ]
    assert {name: show_function(each) for name, each in functions_of(app).items()} == {
        "resize": "(options: Options): number",
        "greet": "(user: unknown, when: unknown): string",
        "embed": "(text: string): unknown",
        "many": "(users: unknown): string",
    }
    assert "typed" not in functions_of(app)["many"]


def test_a_large_app_is_spread_over_classes_of_12_kib():
    app, _ = load("inner")
    noise = random.Random(1)
    words = ["".join(noise.choices("abcdefghijklmnopqrstuvwxyz", k=60)) for _ in range(600)]
    app = modal.App("large")
    names = {"__name__": __name__}
    for index, word in enumerate(words):
        exec(f"def f{index}(x: int) -> str:\n    '''{word}'''", names)
        app.function(serialized=True)(names[f"f{index}"])
    farcall.publish(app)
    found = carriers(app)
    assert len(found) > 1
    assert [name for name, _ in found] == ["FarcallManifest", *(f"FarcallManifest{n}" for n in range(1, len(found)))]
    for _, parameters in found:
        assert [name for name, _ in parameters] == [f"part{n}" for n in range(len(parameters))]
        assert sum(len(default) for _, default in parameters) <= 12 * 1024
    assert [each["doc"] for each in manifest(app)["functions"]] == words


def test_an_app_that_includes_another_publishes_the_types_of_both():
    app, problems = load("outer")
    assert problems == []
    assert list(functions_of(app)) == ["inside", "outside"]


def test_what_is_left_of_an_earlier_publish_is_not_read():
    app, _ = load("inner")
    texts = [[""]] * 3
    for number, _ in enumerate(texts):
        name = f"FarcallManifest{number or ''}"
        body = {"part0": modal.parameter(default="x"), "__annotations__": {"part0": str}, "__module__": __name__}
        app.cls(serialized=True)(type(name, (), body))
    farcall.publish(app)
    assert list(functions_of(app)) == ["inside"]


def test_publishing_twice_publishes_the_same():
    app, _ = load("media")
    before = carriers(app)
    farcall.publish(app)
    assert {name: parameters for name, parameters in carriers(app)}.keys() == {name for name, _ in before}
    assert manifest(app)["functions"] == manifest(load("media")[0])["functions"]


def test_the_class_builds_no_image_of_its_own_and_sends_no_files():
    app, _ = load("media")
    state = app._local_state.functions
    assert state["FarcallManifest.*"]._spec.image is state["resize"]._spec.image


def test_modal_run_offers_nothing_new():
    from modal.cli.import_refs import list_cli_commands

    app, _ = load("inner")
    commands = list_cli_commands({"app": app})
    assert [each.names for each in commands] == [["app.inside"]]


def test_nothing_is_published_in_a_container(monkeypatch):
    monkeypatch.setattr(modal, "is_local", lambda: False)
    app, problems = load("awkward")
    assert carriers(app) == []
    assert problems == [] or all("batched" in each for each in problems)


def test_an_unknown_client_is_refused_with_its_version():
    class Other:
        @property
        def _local_state(self):
            raise AttributeError("no such thing")

    with pytest.raises(farcall.UnsupportedModalError) as caught:
        farcall.publish(Other())
    assert modal.__version__ in str(caught.value)
    assert "Update farcall" in str(caught.value)


def test_importing_farcall_imports_neither_modal_nor_pydantic_nor_cbor2():
    path = Path(farcall.__file__).parent
    folder = path.parent if path.name == "farcall" else path
    code = "import sys, farcall; print([each for each in ('modal', 'pydantic', 'cbor2') if each in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
