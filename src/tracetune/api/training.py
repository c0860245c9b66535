"""The routes by which a training is asked for, followed, left and found again, and cancelled."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from tracetune.api.answers import answer
from tracetune.api.context import context_of
from tracetune.api.notices import JobItem
from tracetune.api.openapi import returns
from tracetune.api.windows import rfc3339
from tracetune.errors import Unavailable
from tracetune.live.jobs import Job, Jobs

router = APIRouter(prefix="/api/v1", tags=["jobs"])


@router.post("/models/train", status_code=202, responses=returns(JobItem, status=202))
def post_train(request: Request) -> Response:
    """Learn anew from all minutes that are held; begins when the running minute closes."""
    item = _item(_jobs(request).ask(), context_of(request).clock())
    where = {"location": f"{request.scope.get('root_path', '')}/api/v1/jobs/{item.id}"}
    return Response(msgspec.json.encode(item), 202, where, "application/json")


@router.get("/jobs", responses=returns(JobItem, many=True))
def get_jobs(request: Request) -> Response:
    """Trainings since the start, the newest first; without any where this server learns nothing."""
    context = context_of(request)
    return answer(request, [_item(each, context.clock()) for each in (context.jobs.all() if context.jobs else ())])


@router.get("/jobs/{job_id}", responses=returns(JobItem))
def get_job(request: Request, job_id: str) -> Response:
    """One training, and how far it is."""
    return answer(request, _item(_jobs(request).job(job_id), context_of(request).clock()))


@router.delete("/jobs/{job_id}", responses=returns(JobItem))
def delete_job(request: Request, job_id: str) -> Response:
    """Cancel a training; the models of before stay in force."""
    return answer(request, _item(_jobs(request).cancel(job_id), context_of(request).clock()))


def _jobs(request: Request) -> Jobs:
    found = context_of(request).jobs
    if found is None:
        raise Unavailable(
            "this server shows trace files and learns nothing", hint="ask one that runs 'tracetune serve'"
        )
    return found


def _item(job: Job, now: float) -> JobItem:
    seconds = max(0.0, (job.ended or now) - job.began) if job.began else 0.0
    left = seconds / job.done * (job.total - job.done) if job.done and not job.is_over else None
    return JobItem(
        id=job.id,
        kind="train",
        by_hand=job.by_hand,
        state=job.state,
        asked=rfc3339(job.asked),
        began=rfc3339(job.began) if job.began else None,
        ended=rfc3339(job.ended) if job.ended else None,
        seconds=round(seconds, 1),
        done=job.done,
        total=job.total,
        seconds_left=None if left is None else round(left, 1),
        text=job.text,
    )
