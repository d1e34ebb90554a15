"""The board as a FastAPI application: its routes, who may call them, and what it says when something is not there.

Every route asks the guard first; there is no page without one (no documentation pages either). Annotations are evaluated here, not postponed: FastAPI reads those that name the guard.
"""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException as HttpError

from shouwang.board import pages
from shouwang.board.pages import ASSETS, Visitor
from shouwang.errors import NotThereYet, UsageError
from shouwang.house import House

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
DOCUMENT = HEADERS | {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
}
"""For Data Docs, which another program made: nothing in them may run."""
REMEMBERED = 180 * 24 * 3600
COOKIE = "shouwang_language"


@dataclass(frozen=True)
class Guards:
    """Whom the board asks about a visitor: FastAPI dependencies of whatever it runs in.

    ``user`` gives who is there, or raises 401; ``see`` raises 403 for those who may not see the board; ``people`` is
    called with request and user, and raises 403 for those who may not open what holds personal data.
    """

    user: Callable[..., Any]
    see: Callable[..., None]
    people: Callable[[Request, Any], None]


def create_app(guards: Guards, house: Callable[[], House], log_of: pages.LogOf) -> FastAPI:
    """The board behind its guards; ``log_of`` tells where Airflow shows the runs of a DAG for a month."""

    def visitor(
        request: Request, user: Annotated[Any, Depends(guards.user)], _: Annotated[None, Depends(guards.see)]
    ) -> Visitor:
        try:
            guards.people(request, user)
        except HTTPException:
            return Visitor(user.get_name(), False)
        return Visitor(user.get_name(), True)

    app = FastAPI(title="shouwang board", docs_url=None, redoc_url=None, openapi_url=None)
    router = APIRouter(dependencies=[Depends(visitor)])
    seen = Annotated[Visitor, Depends(visitor)]

    def answer(request: Request, page: str, **words: Any) -> HTMLResponse:
        language = pages.language_of(request)
        html = pages.render(request, language, page, **words)
        response = HTMLResponse(html, headers=HEADERS)
        if request.query_params.get("lang") == language:
            path = request.scope.get("root_path") or "/"
            response.set_cookie(COOKIE, language, max_age=REMEMBERED, path=path, samesite="lax")
        return response

    @router.get("/")
    def board(request: Request, months: Annotated[int, Query(ge=1, le=60)] = 6, month: str = "") -> Response:
        return answer(request, "board.html", **pages.board(house(), months, month))

    @router.get("/months/{month}/{department}")
    def delivery(request: Request, month: str, department: str, by: seen) -> Response:
        return answer(request, "delivery.html", visitor=by, **pages.delivery(house(), month, department, log_of))

    @router.get("/dags/{dag_id}")
    def of_dag(request: Request, dag_id: str) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + pages.page_of_dag(house(), dag_id), 307)

    @router.get("/data-docs/{delivery_id}")
    def data_docs(request: Request, delivery_id: str) -> Response:
        return answer(request, "docs.html", **pages.docs(house(), delivery_id))

    @router.get("/data-docs/{delivery_id}/page")
    def data_docs_page(delivery_id: str) -> Response:
        return FileResponse(pages.data_docs(house(), delivery_id), media_type="text/html", headers=DOCUMENT)

    @router.get("/receipts/{delivery_id}")
    def receipt(delivery_id: str, by: seen) -> Response:
        return _download(pages.receipt(house(), delivery_id, _trusted(by)))

    @router.get("/reviews/{month}")
    def reviews(month: str, by: seen) -> Response:
        return _download(pages.review_list(house(), month, _trusted(by)))

    @router.get("/assets/{name}")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name)[0]
        return Response(ASSETS[name], media_type=kind, headers=HEADERS | {"Cache-Control": "private, max-age=86400"})

    app.include_router(router)

    def failed(request: Request, status: int) -> Response:
        html = pages.render(request, pages.language_of(request), "message.html", code=str(status))
        return HTMLResponse(html, status, headers=HEADERS)

    @app.exception_handler(HttpError)
    def refused(request: Request, error: HttpError) -> Response:
        return failed(request, error.status_code if error.status_code in (401, 403, 404) else 404)

    @app.exception_handler(UsageError)
    def unknown(request: Request, _: UsageError) -> Response:
        return failed(request, 404)

    @app.exception_handler(NotThereYet)
    def empty(request: Request, _: NotThereYet) -> Response:
        return HTMLResponse(pages.render(request, pages.language_of(request), "empty.html"), headers=HEADERS)

    @app.exception_handler(OperationalError)
    def away(request: Request, _: OperationalError) -> Response:
        return failed(request, 503)

    @app.exception_handler(Exception)
    def broken(request: Request, _: Exception) -> Response:
        return failed(request, 500)

    return app


def _trusted(visitor: Visitor) -> str:
    """The visitor's name, if it may open what holds personal data."""
    if not visitor.may_see_people:
        raise HTTPException(403)
    return visitor.name


def _download(path: Path) -> Response:
    return FileResponse(path, filename=path.name, headers=HEADERS)
