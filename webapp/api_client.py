"""A client of the JSON API that knows nothing but its OpenAPI document.

>>> client = Client("http://127.0.0.1:8000")                                # doctest: +SKIP
>>> client.call("search", q="supervision", kind=["recommendation"])["total"]  # doctest: +SKIP
>>> for page in client.pages("search", q="supervision"): ...                # doctest: +SKIP
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urljoin
from urllib.request import Request, urlopen

#: (status, header fields, body) of a GET.
Answer = tuple[int, Mapping[str, str], bytes]


class Problem(Exception):
    """An error that the service told as problem details (RFC 9457): ``status`` and ``detail``."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


def fetch(url: str) -> Answer:
    """GET over the network."""
    try:
        with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=60) as response:  # noqa: S310
            return response.status, dict(response.headers), response.read()
    except HTTPError as err:
        return err.code, dict(err.headers), err.read()


class Client:
    """Operations by their ids in the document. Waits and asks again where it is told to come back, three times."""

    def __init__(self, root: str, get: Callable[[str], Answer] = fetch) -> None:
        self._root = root.rstrip("/") + "/"
        self._get = get
        self.description: dict[str, Any] = json.loads(get(urljoin(self._root, "api/openapi.json"))[2])
        self._operations = {
            operation["operationId"]: (path, operation)
            for path, methods in self.description["paths"].items()
            for operation in methods.values()
        }

    @property
    def operations(self) -> list[str]:
        return sorted(self._operations)

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer of one operation. Names with hyphens are written with underscores. Raises KeyError for an
        operation, TypeError for a parameter that the document does not know, Problem for what the service refuses."""
        return self._read(self._url(operation, parameters))[0]

    def pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """One answer after the other, by the Link header."""
        url: str | None = self._url(operation, parameters)
        while url is not None:
            body, headers = self._read(url)
            yield body
            following = re.search(r'<([^>]+)>; rel="next"', headers.get("Link", ""))
            url = urljoin(url, following.group(1)) if following else None

    def _url(self, operation: str, parameters: Mapping[str, Any]) -> str:
        path: str
        path, described = self._operations[operation]
        query: list[tuple[str, Any]] = []
        known = {p["name"].replace("-", "_"): p for p in described["parameters"]}
        for name, value in parameters.items():
            if name not in known:
                raise TypeError(f"{operation} has no parameter {name}: it takes {', '.join(sorted(known))}")
            own = known[name]
            if own["in"] == "path":
                path = path.replace(f"{{{own['name']}}}", quote(str(value), safe=""))
            else:
                query += [(own["name"], v) for v in (value if isinstance(value, list | tuple) else [value])]
        if "{" in path:
            raise TypeError(f"{operation} needs {', '.join(re.findall(r'{(.*?)}', path))}")
        return urljoin(self._root, path.lstrip("/")) + (f"?{urlencode(query)}" if query else "")

    def _read(self, url: str) -> tuple[dict[str, Any], Mapping[str, str]]:
        for attempt in range(4):
            status, headers, content = self._get(url)
            if status not in {429, 503} or attempt == 3:
                break
            time.sleep(min(30.0, float(headers.get("Retry-After", "1"))))
        body: dict[str, Any] = json.loads(content)
        if status >= 400:
            raise Problem(status, str(body.get("detail", "")))
        return body, headers
