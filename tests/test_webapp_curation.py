"""Corrections on the web: who may make them, what guards them, and that they reach pages, search and graph."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from graph.curation import Entry, Journal, in_force, now, words_of
from graph.release import Release, backup, restore
from indexer.build_options import BuildOptions
from indexer.pipeline import build_release
from indexer.tables import read_rows
from ontology.resources import themes
from tests.samples.make_samples import write_samples
from tests.shared_models import shared_models, with_shared_vectors
from webapp import create_app
from webapp.cli import main
from webapp.curation_pages import COOKIE
from webapp.curators import Curators
from webapp.services import Services
from webapp.settings import Settings

AUTHORITIES = Path(__file__).parent / "samples" / "authorities.csv"
CHOSEN = ("haverwick_2015-06-12", "haverwick_2018-09-21", "haverwick-improvement-plan-2015", "fennmouth_2016-03-04")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written, data = tmp_path_factory.mktemp("samples"), with_shared_vectors(tmp_path_factory.mktemp("curated") / "data")
    sources = [file for file in write_samples(written) if file.stem in CHOSEN]
    build_release(sources, BuildOptions(data, authorities=AUTHORITIES, jobs=2, models=shared_models()))
    return data


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "data", symlinks=True))


@pytest.fixture
def services(data: Path) -> Iterator[Services]:
    services = Services(Settings(data=data, curation_publish=False, contact="desk@example.org"))
    yield services
    services.current().sparql.close()


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services.settings, services).test_client()


@pytest.fixture
def token(data: Path) -> str:
    return Curators(data).add("Jane Doe")


def rows(data: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in read_rows(Release.open(data).path / "tables", "items") if row["kind"] == kind]


def place(row: dict[str, Any]) -> str:
    return f"/{row['kind']}s/{row['id']}"


def sign_in(client: FlaskClient, token: str) -> str:
    """Sign in and return the token of the session's forms."""
    assert client.post("/curation/session", data={"token": token}).status_code == 303
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/curation").get_data(as_text=True))
    assert found is not None
    return found.group(1)


def correct(client: FlaskClient, row: dict[str, Any], csrf: str, do: str, **form: Any) -> TestResponse:
    sent = {"csrf": csrf, "do": do, "why": "It is wrong.", **form}
    return client.post(f"/curation/items{place(row)}", data=sent)


def publish(data: Path) -> str | None:
    return build_release([], BuildOptions(data, jobs=2, models=shared_models())).release


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# ------------------------------------------------------------------------------------------------------------ who may


def test_everybody_is_told_whom_to_write_to_and_sees_no_form(client: FlaskClient, data: Path) -> None:
    for kind in ("finding", "recommendation", "action"):
        row = rows(data, kind)[0]
        page = client.get(f"/curation/items{place(row)}").get_data(as_text=True)
        assert "mailto:desk@example.org" in page
        assert row["iri"] in page
        assert 'name="csrf"' not in page


def test_every_item_page_asks_whether_something_is_wrong(client: FlaskClient, data: Path) -> None:
    for kind in ("finding", "recommendation", "action"):
        row = rows(data, kind)[0]
        assert f'href="/curation/items{place(row)}"' in client.get(place(row)).get_data(as_text=True)


def test_nothing_can_be_corrected_without_a_session(client: FlaskClient, data: Path) -> None:
    row = rows(data, "finding")[0]
    assert correct(client, row, "0" * 64, "hide").status_code == 403
    assert client.post("/curation/revert", data={"entry": "x"}).status_code == 403
    assert client.get("/curation/journal.jsonl").status_code == 403
    assert Journal(data).entries() == []


def test_the_token_is_kept_as_a_hash_and_opens_a_session_that_scripts_and_other_sites_cannot_use(
    client: FlaskClient, data: Path, token: str
) -> None:
    stored = (data / "curation" / "curators.json").read_text()
    assert token.partition(".")[2] not in stored
    assert (data / "curation" / "curators.json").stat().st_mode & 0o777 == 0o600
    response = client.post("/curation/session", data={"token": token})
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/curation"} <= set(cookie.split("; "))
    page = client.get("/curation")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in page.headers


def test_behind_https_the_session_travels_encrypted_only(data: Path, token: str) -> None:
    settings = Settings(data=data, public_url="https://inspections.example", curation_publish=False)
    client = create_app(settings, Services(settings)).test_client()
    response = client.post("/curation/session", data={"token": token})
    assert "Secure" in response.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize("wrong", ["", "x", "deadbeef.x", "\x00", "a" * 5000, "é.ü"])
def test_a_wrong_token_is_refused(client: FlaskClient, token: str, wrong: str) -> None:
    assert client.post("/curation/session", data={"token": wrong}).status_code == 403
    assert client.post("/curation/session", data={"token": token[:-1]}).status_code == 403


def test_guessing_is_slowed_down(client: FlaskClient, token: str) -> None:
    codes = [client.post("/curation/session", data={"token": f"x.{n}"}).status_code for n in range(12)]
    assert codes == [403] * 10 + [429] * 2
    assert client.post("/curation/session", data={"token": token}).status_code == 429


@pytest.mark.parametrize("cookie", ["", "x", "WyJhIiwgImIiXQ.aaaa.bbbb", "." * 500])
def test_a_forged_cookie_opens_nothing(client: FlaskClient, token: str, cookie: str) -> None:
    client.set_cookie(COOKIE, cookie, path="/curation")
    assert 'name="token"' in client.get("/curation").get_data(as_text=True)


def test_taking_a_token_back_ends_its_sessions(client: FlaskClient, data: Path, token: str) -> None:
    csrf = sign_in(client, token)
    Curators(data).remove("Jane Doe")
    assert correct(client, rows(data, "finding")[0], csrf, "hide").status_code == 403
    assert client.post("/curation/session", data={"token": token}).status_code == 403


def test_a_form_of_another_session_or_another_site_is_refused(client: FlaskClient, data: Path, token: str) -> None:
    csrf = sign_in(client, token)
    row = rows(data, "finding")[0]
    assert correct(client, row, "", "hide").status_code == 403
    assert correct(client, row, csrf[:-1] + ("0" if csrf[-1] != "0" else "1"), "hide").status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        sent = {"csrf": csrf, "do": "hide", "why": "x"}
        assert client.post(f"/curation/items{place(row)}", data=sent, headers=headers).status_code == 403
    assert Journal(data).entries() == []


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "/curation//evil.example"]
)
def test_signing_in_leads_nowhere_else(client: FlaskClient, token: str, onward: str) -> None:
    response = client.post("/curation/session", data={"token": token, "next": onward})
    assert response.headers["Location"] == "/curation"


def test_signing_out_ends_the_session(client: FlaskClient, token: str) -> None:
    csrf = sign_in(client, token)
    client.post("/curation/session/end", data={"csrf": csrf})
    assert 'name="token"' in client.get("/curation").get_data(as_text=True)


# --------------------------------------------------------------------------------------------------- what becomes of it


def test_a_correction_waits_is_published_and_can_be_taken_back(
    client: FlaskClient, services: Services, data: Path, token: str
) -> None:
    csrf = sign_in(client, token)
    row = next(r for r in rows(data, "finding") if r["polarity"] != "mixed")
    assert correct(client, row, csrf, "correct", polarity="mixed", text=row["text"]).status_code == 303
    (entry,) = Journal(data).entries()
    assert (dict(entry.fields), entry.who, entry.item) == ({"polarity": "mixed"}, "Jane Doe", row["iri"])
    assert "waits for publication" in client.get(f"/curation/items{place(row)}").get_data(as_text=True)
    publish(data)
    assert "published" in client.get(f"/curation/items{place(row)}").get_data(as_text=True)
    assert client.get(f"/api/items{place(row)}").get_json()["polarity"] == "mixed"
    asked = f"""PREFIX ig: <https://w3id.org/inspectgraph/ontology#> PREFIX prov: <http://www.w3.org/ns/prov#>
        SELECT ?p ?who WHERE {{ <{row["iri"]}> ig:polarity ?p . ?c ig:corrects <{row["iri"]}> ;
            prov:wasAttributedTo/<http://xmlns.com/foaf/0.1/name> ?who }}"""
    (answer,) = client.get("/sparql", query_string={"query": asked, "format": "json"}).get_json(force=True)["results"][
        "bindings"
    ]
    assert (answer["p"]["value"].rsplit("/", 1)[-1], answer["who"]["value"]) == ("mixed", "Jane Doe")
    assert (
        client.post("/curation/revert", data={"csrf": csrf, "entry": entry.id, "why": "It was right."}).status_code
        == 303
    )
    publish(data)
    assert client.get(f"/api/items{place(row)}").get_json()["polarity"] == row["polarity"]


@pytest.mark.slow
def test_a_hidden_item_is_gone_from_pages_search_and_graph_and_comes_back(
    client: FlaskClient, data: Path, token: str
) -> None:
    csrf = sign_in(client, token)
    row = rows(data, "recommendation")[0]
    before = rows(data, "recommendation")
    assert correct(client, row, csrf, "hide", why="A heading, not a recommendation.").status_code == 303
    publish(data)
    gone = client.get(place(row))
    assert gone.status_code == 410
    assert "A heading, not a recommendation." in gone.get_data(as_text=True)
    hits = client.get("/api/search", query_string={"q": row["text"], "limit": "500"}).get_json()["results"]
    assert row["iri"] not in {hit["iri"] for hit in hits}
    asked = f"ASK {{ GRAPH ?g {{ <{row['iri']}> <https://w3id.org/inspectgraph/ontology#text> ?t }} }}"
    assert (
        client.get("/sparql", query_string={"query": asked, "format": "json"}).get_json(force=True)["boolean"] is False
    )
    client.post("/curation/revert", data={"csrf": csrf, "entry": Journal(data).entries()[0].id})
    publish(data)
    assert client.get(place(row)).status_code == 200
    assert rows(data, "recommendation") == before


@pytest.mark.slow
def test_themes_are_set_by_the_curator_in_pages_facets_and_graph(client: FlaskClient, data: Path, token: str) -> None:
    csrf = sign_in(client, token)
    row = next(r for r in rows(data, "finding") if r["themes"])
    given = next(theme.id for theme in themes() if theme.broader is not None and theme.id not in row["themes"])
    assert correct(client, row, csrf, "themes", theme=[given]).status_code == 303
    publish(data)
    now = client.get(f"/api/items{place(row)}").get_json()
    assert now["themes"] == [given]
    assert [(link["confidence"], link["method"]) for link in now["theme_links"]] == [(1.0, "curator")]
    found = client.get("/api/search", query_string={"theme": given, "limit": "500"}).get_json()
    assert row["iri"] in {hit["iri"] for hit in found["results"]}
    assert len(found["results"]) == found["total"]


@pytest.mark.slow
def test_an_action_is_linked_to_another_recommendation_and_unlinked(
    client: FlaskClient, data: Path, token: str
) -> None:
    csrf = sign_in(client, token)
    action = next(r for r in rows(data, "action") if r["answers"])
    other = next(
        r for r in rows(data, "recommendation") if r["iri"] != action["answers"] and r["document"] != action["document"]
    )
    assert (
        correct(client, action, csrf, "link", relation="answers", target=f"http://localhost{place(other)}").status_code
        == 303
    )
    publish(data)
    assert client.get(f"/api/items{place(action)}").get_json()["answers"] == other["iri"]
    assert action["iri"] in {row["iri"] for row in client.get(f"/api/items{place(other)}").get_json()["actions"]}
    asked = f"SELECT ?r WHERE {{ <{action['iri']}> <https://w3id.org/inspectgraph/ontology#addresses> ?r }}"
    found = client.get("/sparql", query_string={"query": asked, "format": "json"}).get_json(force=True)
    assert [b["r"]["value"] for b in found["results"]["bindings"]] == [other["iri"]]
    correct(client, action, csrf, "unlink", relation="answers", target="")
    publish(data)
    assert client.get(f"/api/items{place(action)}").get_json()["answers"] is None


@pytest.mark.slow
def test_similar_items_are_linked_first_and_unlinked(client: FlaskClient, data: Path, token: str) -> None:
    csrf = sign_in(client, token)
    row, first, second = rows(data, "recommendation")[:3]

    def near() -> list[dict[str, Any]]:
        return [n for n in read_rows(Release.open(data).path / "tables", "neighbours") if n["item"] == row["iri"]]

    before = [n["neighbour"] for n in near()]
    for other in (first, second):
        correct(client, row, csrf, "link", relation="similar", target=other["iri"])
    publish(data)
    now = near()
    assert [n["neighbour"] for n in now] == list(dict.fromkeys([second["iri"], first["iri"], *before]))
    assert [n["rank"] for n in now] == list(range(1, len(now) + 1))
    assert all(-1 <= n["score"] <= 1 for n in now)
    correct(client, row, csrf, "unlink", relation="similar", target=second["iri"])
    publish(data)
    assert second["iri"] not in {n["neighbour"] for n in near()}
    assert first["iri"] in {n["neighbour"] for n in near()}


@pytest.mark.slow
def test_corrections_survive_a_rebuild_from_nothing(
    client: FlaskClient, data: Path, token: str, tmp_path: Path
) -> None:
    csrf = sign_in(client, token)
    row = rows(data, "finding")[0]
    correct(client, row, csrf, "correct", text="What the curator wrote instead of it.")
    publish(data)
    shutil.rmtree(data / "work")
    publish(data)
    assert client.get(f"/api/items{place(row)}").get_json()["text"] == "What the curator wrote instead of it."
    # a second correction of the corrected item knows it by the words that were read
    correct(client, row, csrf, "correct", section="Leadership")
    publish(data)
    assert Release.open(data).manifest.facts.extra["corrections"]["orphaned"] == []


@pytest.mark.slow
def test_orphaned_corrections_are_reported_by_build_and_list(data: Path) -> None:
    row = rows(data, "finding")[0]
    result = call("curation", "list", "--data", data)
    assert result.output == ""

    gone = Entry("", "hide", now(), "Jane Doe", "x", row["iri"], "finding", words_of("words that stand nowhere"))
    (entry,) = Journal(data).append(gone)
    report = build_release([], BuildOptions(data, jobs=2, models=shared_models()))
    assert [warning for warning in report.warnings if entry.id in warning]
    assert "ORPHANED" in call("curation", "list", "--data", data).output


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"do": "correct"}, "Nothing was changed"),
        ({"do": "hide", "why": " "}, "Say why"),
        ({"do": "link", "relation": "similar", "target": "https://elsewhere.example/x"}, "is no finding"),
        ({"do": "link", "relation": "answers", "target": "{recommendation}"}, "cannot be linked in this way"),
        ({"do": "link", "relation": "similar", "target": "{action}"}, "does not lead to items of the kind action"),
        ({"do": "explode"}, "Say what to do"),
        ({"do": "themes", "theme": "<script>"}, "There is no theme &lt;script&gt;"),
    ],
)
def test_a_correction_that_cannot_be_taken_is_explained_on_the_page(
    client: FlaskClient, data: Path, token: str, form: dict[str, str], message: str
) -> None:
    places = {kind: place(rows(data, kind)[0]) for kind in ("recommendation", "action")}
    form = {name: value.format(**places) for name, value in form.items()}
    response = correct(client, rows(data, "finding")[0], sign_in(client, token), **form)  # type: ignore[arg-type]
    assert response.status_code == 400
    assert message in response.get_data(as_text=True)
    assert Journal(data).entries() == []


# --------------------------------------------------------------------------------------------------------- command line


def test_corrections_are_exported_imported_and_taken_back_on_the_command_line(
    client: FlaskClient, data: Path, token: str, tmp_path: Path
) -> None:
    correct(client, rows(data, "finding")[0], sign_in(client, token), "hide")
    assert call("curation", "export", "--output", tmp_path / "out.jsonl", "--data", data).exit_code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["kind"] == "hide"
    other = tmp_path / "other"
    assert "1 entries added" in call("curation", "import", tmp_path / "out.jsonl", "--data", other).output
    assert "0 entries added" in call("curation", "import", tmp_path / "out.jsonl", "--data", other).output
    (entry,) = Journal(other).entries()
    assert call("curation", "revert", entry.id, "--why", "wrong", "--data", other).exit_code == 0
    assert in_force(Journal(other).entries()) == []
    assert call("curation", "revert", entry.id, "--why", "wrong", "--data", other).exit_code == 1
    assert "2 entries deleted" in call("curation", "forget", entry.item, "--data", other).output


def test_a_token_is_shown_once_and_taken_back(data: Path) -> None:
    shown = call("curation", "token", "Desk 2", "--data", data).output.strip()
    assert Curators(data).of_token(shown) is not None
    assert call("curation", "token", "Desk 2", "--data", data).exit_code == 1
    assert call("curation", "token", "Desk 2", "--take-back", "--data", data).exit_code == 0
    assert Curators(data).of_token(shown) is None


def test_a_backup_holds_the_journal_and_no_key(client: FlaskClient, data: Path, token: str, tmp_path: Path) -> None:
    correct(client, rows(data, "finding")[0], sign_in(client, token), "hide")
    backup(data, tmp_path / "saved.tar")
    restore(tmp_path / "saved.tar", tmp_path / "fresh")
    assert Journal(tmp_path / "fresh").entries() == Journal(data).entries()
    assert not (tmp_path / "fresh" / "curation" / ".session-key").exists()
    assert Curators(tmp_path / "fresh").of_token(token) is not None


@pytest.mark.slow
def test_the_server_publishes_by_itself(data: Path, token: str) -> None:
    services = Services(Settings(data=data))
    client = create_app(services.settings, services).test_client()
    row = rows(data, "finding")[0]
    before = Release.open(data).id
    assert correct(client, row, sign_in(client, token), "hide").status_code == 303
    for _ in range(600):
        if Release.open(data).id != before:
            break
        time.sleep(0.2)
    assert client.get(place(row)).status_code == 410
    services.current().sparql.close()
