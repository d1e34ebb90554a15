"""The board as a FastAPI application: its routes, who may call them, and what it says when
something is not there.

Every route asks the guard first; there is no page without one (no documentation pages either).
Questions are answered by a form or, by programs, in JSON at the same addresses; another site's page
cannot send either. Annotations are evaluated here, not postponed: FastAPI reads those that name the
guard.
"""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException as HttpError
from starlette.types import Receive, Scope, Send

from shouwang.board import pages
from shouwang.board.pages import ASSETS, Visitor
from shouwang.board.words import words
from shouwang.core.errors import NotThereYet, Unreachable, UsageError
from shouwang.submissions import asking
from shouwang.workspace.counties import county_folders, serving
from shouwang.workspace.workspace import Workspace, load_workspace

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
DOCUMENT = HEADERS | {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:"
}
"""For Data Docs, which another program made: nothing in them may run."""
REMEMBERED = 180 * 24 * 3600
COOKIE = "shouwang_language"


@dataclass(frozen=True)
class Guards:
    """Whom the board asks about a visitor.

    ``user`` is a dependency that gives who is there, or raises 401. The others are called with
    request and user: ``see`` raises 403 for those who may not see the board, ``people`` for those
    who may not open what holds personal data.
    """

    user: Callable[..., Any]
    see: Callable[[Request, Any], None]
    people: Callable[[Request, Any], None]


def create_app(
    guards: Guards, workspace: Callable[[], Workspace], log_of: pages.LogOf, read_on: pages.ReadOn
) -> FastAPI:
    """The board behind its guards; ``log_of`` tells where Airflow shows the runs of a DAG for a
    month.

    ``read_on`` has a DAG read on what an answer, or one taken back, was about.
    """

    def visitor(request: Request, user: Annotated[Any, Depends(guards.user)]) -> Visitor:
        guards.see(request, user)
        return Visitor(user.get_name(), _lets(guards.people, request, user))

    app = FastAPI(title="shouwang board", docs_url=None, redoc_url=None, openapi_url=None)
    router = APIRouter(dependencies=[Depends(visitor)])
    seen = Annotated[Visitor, Depends(visitor)]

    @router.get("/")
    def board(
        request: Request, by: seen, months: Annotated[int, Query(ge=1, le=60)] = 6, month: str = ""
    ) -> Response:
        return answer(
            request, "board.html", visitor=by, **pages.board(workspace(), months, month, log_of)
        )

    @router.get("/months/{month}/{department}")
    def submission(request: Request, month: str, department: str, by: seen) -> Response:
        return answer(
            request,
            "submission.html",
            visitor=by,
            **pages.submission(workspace(), month, department, log_of),
        )

    @router.get("/dags/{dag_id}")
    def of_dag(request: Request, dag_id: str) -> Response:
        return RedirectResponse(
            request.scope.get("root_path", "") + pages.page_of_dag(workspace(), dag_id), 307
        )

    @router.get("/data-docs/{submission_id}")
    def data_docs(request: Request, submission_id: str) -> Response:
        return answer(request, "docs.html", **pages.docs(workspace(), submission_id))

    @router.get("/data-docs/{submission_id}/page")
    def data_docs_page(submission_id: str) -> Response:
        return FileResponse(
            pages.data_docs(workspace(), submission_id), media_type="text/html", headers=DOCUMENT
        )

    @router.get("/receipts/{submission_id}")
    def receipt(submission_id: str, by: seen) -> Response:
        return _download(pages.receipt(workspace(), submission_id, _trusted(by)))

    @router.get("/reviews/{month}")
    def reviews(month: str, by: seen) -> Response:
        return _download(pages.review_list(workspace(), month, _trusted(by)))

    _add_questions(router, seen, workspace, read_on)
    router.get("/assets/{name}")(_asset)
    app.include_router(router)
    _tell_of_failures(app)
    return app


def _add_questions(
    router: APIRouter, seen: Any, workspace: Callable[[], Workspace], read_on: pages.ReadOn
) -> None:
    """What intake asks, and answering it, for who may see people."""

    @router.get("/questions")
    def questions(request: Request, by: seen) -> Response:
        _trusted(by)
        shown = pages.questions(workspace())
        if _speaks_json(request):
            del shown["county"]
            return JSONResponse(jsonable_encoder(shown))
        return answer(request, "questions.html", **shown)

    @router.post("/questions/{identifier}/answer", dependencies=[Depends(_same_origin)])
    def answer_question(
        request: Request, identifier: int, by: seen, candidate: Annotated[str, Depends(_candidate)]
    ) -> Response:
        return _answered(
            request,
            by,
            lambda who: asking.answer_question(identifier, candidate, who, reread=False),
        )

    @router.post("/questions/{identifier}/revoke", dependencies=[Depends(_same_origin)])
    def revoke_answer(request: Request, identifier: int, by: seen) -> Response:
        return _answered(
            request, by, lambda who: asking.revoke_answer(identifier, who, reread=False)
        )

    def _answered(
        request: Request, by: Visitor, decide: Callable[[str], dict[str, Any]]
    ) -> Response:
        """Put an answer on record, have what it is about read on, and say so."""
        who = _trusted(by)
        try:
            done = decide(who)
        except UsageError as error:
            if _speaks_json(request):
                return JSONResponse({"detail": str(error)}, 409)
            shown = pages.questions(workspace())
            return answer(request, "questions.html", 409, refused=True, **shown)
        for month in done["months"]:
            read_on(workspace().dag_id(f"exchange_{done['department']}"), month, who)
        if _speaks_json(request):
            return JSONResponse(jsonable_encoder(done), 202)
        return RedirectResponse(
            f"{request.scope.get('root_path', '')}/questions?done={done['id']}", 303
        )


def create_prefecture(
    user: Callable[..., Any],
    guards: Callable[[str], Guards],
    log_of: pages.LogOf,
    read_on: pages.ReadOn,
) -> FastAPI:
    """The boards of many counties, each behind its own guards, and the page on which they stand
    side by side.

    That page shows a visitor the counties whose board it may see. ``guards`` are asked for a
    county's by its key.
    """
    app = FastAPI(title="shouwang boards", docs_url=None, redoc_url=None, openapi_url=None)

    def visible(request: Request, who: Annotated[Any, Depends(user)]) -> list[str]:
        keys = [key for key in county_folders() if _lets(guards(key).see, request, who)]
        if not keys:
            raise HTTPException(403)
        return keys

    seen = Annotated[list[str], Depends(visible)]

    @app.get("/")
    def counties(request: Request, keys: seen, month: str = "") -> Response:
        return answer(request, "prefecture.html", **pages.prefecture(keys, month))

    @app.get("/dags/{dag_id}")
    def of_dag(request: Request, dag_id: str, _: seen) -> Response:
        key, _dot, name = dag_id.partition(".")
        return RedirectResponse(
            f"{request.scope.get('root_path', '')}/counties/{key}/dags/{name}", 307
        )

    app.get("/assets/{name}", dependencies=[Depends(visible)])(_asset)

    @lru_cache(maxsize=128)
    def board_of(key: str) -> FastAPI:
        return create_app(guards(key), load_workspace, log_of, read_on)

    async def county(scope: Scope, receive: Receive, send: Send) -> None:
        with serving(scope["path_params"]["county"]):
            await board_of(scope["path_params"]["county"])(scope, receive, send)

    app.mount("/counties/{county}", county)
    _tell_of_failures(app)
    return app


def answer(request: Request, page: str, status: int = 200, **given: Any) -> HTMLResponse:
    """A page in the visitor's language, which is remembered if it was chosen."""
    language = pages.language_of(request)
    html = pages.render(request, language, page, **given)
    response = HTMLResponse(html, status, headers=HEADERS)
    if request.query_params.get("lang") == language:
        path = pages.top_of(request) or "/"
        response.set_cookie(COOKIE, language, max_age=REMEMBERED, path=path, samesite="lax")
    return response


def _asset(name: str) -> Response:
    if name not in ASSETS:
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0]
    return Response(
        ASSETS[name], media_type=kind, headers=HEADERS | {"Cache-Control": "private, max-age=86400"}
    )


def _speaks_json(request: Request) -> bool:
    """Whether a program asks, not a browser."""
    headers = request.headers
    return "application/json" in (headers.get("content-type", "") + headers.get("accept", ""))


def _same_origin(request: Request) -> None:
    """Turn away what a page of another site has a browser send; a program sends neither of these
    headers."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if (
        site != "same-origin"
        if site
        else origin and urlsplit(origin).netloc != request.headers.get("host")
    ):
        raise HTTPException(403)


async def _candidate(request: Request) -> str:
    """The candidate that a form or a program names."""
    try:
        fields = await (request.json() if _speaks_json(request) else request.form())
        candidate = fields["candidate"]
    except (ValueError, KeyError, TypeError):
        candidate = None
    if not isinstance(candidate, str):
        raise HTTPException(422)
    return candidate


def _lets(guard: Callable[[Request, Any], None], request: Request, user: Any) -> bool:
    try:
        guard(request, user)
    except HTTPException:
        return False
    return True


def _tell_of_failures(app: FastAPI) -> None:
    """Let every failure be a page that says what to do."""

    def failed(request: Request, status: int) -> Response:
        if _speaks_json(request):
            return JSONResponse({"detail": words("en")[str(status)]}, status)
        html = pages.render(request, pages.language_of(request), "message.html", code=str(status))
        return HTMLResponse(html, status, headers=HEADERS)

    @app.exception_handler(HttpError)
    def refused(request: Request, error: HttpError) -> Response:
        return failed(
            request, error.status_code if error.status_code in (401, 403, 404, 422) else 404
        )

    @app.exception_handler(UsageError)
    def unknown(request: Request, _: UsageError) -> Response:
        return failed(request, 404)

    @app.exception_handler(NotThereYet)
    def empty(request: Request, _: NotThereYet) -> Response:
        return HTMLResponse(
            pages.render(request, pages.language_of(request), "empty.html"), headers=HEADERS
        )

    @app.exception_handler(OperationalError)
    @app.exception_handler(Unreachable)
    def away(request: Request, _: Exception) -> Response:
        return failed(request, 503)

    @app.exception_handler(Exception)
    def broken(request: Request, _: Exception) -> Response:
        return failed(request, 500)


def _trusted(visitor: Visitor) -> str:
    """The visitor's name, if it may open what holds personal data."""
    if not visitor.may_see_people:
        raise HTTPException(403)
    return visitor.name


def _download(path: Path) -> Response:
    return FileResponse(path, filename=path.name, headers=HEADERS)
