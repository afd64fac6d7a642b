"""Bringing knowledge in: files dropped or chosen, addresses, and the jobs that read them."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.knowledge.extract import SUFFIXES
from realtime_agents.state.knowledge import KnowledgeState
from realtime_agents.state.knowledge_ingest import IngestState
from realtime_agents.state.knowledge_lines import JobLine, PersonalLine, ResultLine

_ACCEPTED = ",".join((*SUFFIXES, ".gz"))


def upload_script() -> rx.Component:
    """For the head: sends files from the zone below."""
    return rx.el.script(src=rx.asset("knowledge_upload.js", shared=True), defer=True)


@rx.memo
def _zone() -> rx.Component:
    """The way of files to the server. Its script changes it, so nothing here may render again."""
    return rx.el.div(
        rx.el.label(
            rx.icon("upload", size=20),
            rx.el.b("Drop files here, or choose them"),
            rx.el.small("PDF, HTML, Markdown, text, JSONL, also packed as .gz · 20 MB each"),
            rx.el.input(
                type="file",
                multiple=True,
                accept=_ACCEPTED,
                class_name="unseen",
                data_testid="upload-input",
                custom_attrs={"data-upload-input": ""},
            ),
            class_name="drop-label",
        ),
        rx.el.div(
            rx.el.progress(
                max=1, value=0, hidden=True, aria_label="Upload", custom_attrs={"data-upload-bar": ""}
            ),
            rx.el.button(
                "Stop", type="button", class_name="drop-stop button", custom_attrs={"data-upload-stop": ""}
            ),
            class_name="drop-progress",
        ),
        rx.el.p(
            class_name="drop-words",
            role="status",
            data_testid="upload-words",
            custom_attrs={"data-upload-words": ""},
        ),
        class_name="drop",
        custom_attrs={"data-upload-zone": ""},
    )


def _address() -> rx.Component:
    return rx.el.div(
        rx.el.label(
            rx.icon("globe", size=20),
            rx.el.b("Read a web page or a sitemap"),
            rx.el.small("One page, a PDF, or all pages of a sitemap · a page a second, as robots.txt allows"),
            html_for="knowledge-url",
            class_name="add-label",
        ),
        rx.el.div(
            rx.el.input(
                id="knowledge-url",
                name="url",
                type="text",
                input_mode="url",
                placeholder="https://www.va.gov/sitemap.xml",
                auto_complete="off",
                spell_check=False,
                class_name="field",
                data_testid="knowledge-url",
            ),
            rx.el.button("Read", type="submit", class_name="button", data_testid="knowledge-read"),
            class_name="add-line",
        ),
        rx.cond(
            IngestState.problem != "",
            rx.el.p(IngestState.problem, class_name="bad", role="alert", data_testid="ingest-problem"),
        ),
        class_name="add-box",
    )


@rx.memo
def _collection_field() -> rx.Component:
    return rx.el.label(
        rx.el.span("Into the collection"),
        rx.el.input(
            id="knowledge-collection",
            name="collection",
            default_value="documents",
            list="knowledge-collections",
            auto_complete="off",
            spell_check=False,
            class_name="field",
            data_testid="knowledge-collection",
        ),
        rx.el.datalist(
            rx.foreach(KnowledgeState.names, lambda name: rx.el.option(value=name, key=name)),
            id="knowledge-collections",
        ),
        class_name="add-collection",
    )


def _personal(job: ObjectVar[JobLine], line: ObjectVar[PersonalLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.document, ": ", line.found),
        rx.el.button(
            "Take out",
            type="button",
            class_name="button",
            data_testid="take-out",
            on_click=IngestState.take_out(job.id, line.document),
        ),
        key=line.document,
    )


def _job(job: ObjectVar[JobLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(job.label),
            rx.el.span(job.state_words, class_name="tag", data_state=job.state),
            rx.cond(
                job.open,
                rx.el.button(
                    "Stop",
                    type="button",
                    class_name="button",
                    data_testid="job-stop",
                    on_click=IngestState.stop(job.id),
                ),
            ),
            class_name="job-head",
        ),
        rx.cond(
            job.state == "running",
            rx.cond(
                job.percent != -1,
                rx.el.progress(value=job.percent, max=100, aria_label="Share that was read"),
                rx.el.progress(aria_label="Being read"),
            ),
        ),
        rx.el.small(
            "into ",
            job.collection,
            rx.cond(job.counts != "", rx.fragment(" · ", job.counts)),
            rx.cond(job.current != "", rx.fragment(" · ", job.current)),
        ),
        rx.cond(job.problem != "", rx.el.p(job.problem, class_name="bad", role="alert")),
        rx.cond(
            job.personal,
            rx.el.div(
                rx.el.p(
                    "This looks like personal data of somebody. Should nobody find it, take it out,"
                    " here and where it came from:"
                ),
                rx.el.ul(rx.foreach(job.personal, lambda line: _personal(job, line))),
                class_name="job-personal",
                data_testid="job-personal",
            ),
        ),
        class_name="job",
        data_testid="job",
        data_state=job.state,
        key=job.id,
    )


def _result(line: ObjectVar[ResultLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.fate, class_name="fate", data_fate=line.fate),
        rx.el.span(line.name),
        rx.cond(line.detail != "", rx.el.small(line.detail)),
        key=line.key,
        data_testid="ingest-result",
    )


@rx.memo
def _jobs() -> rx.Component:
    return rx.cond(
        IngestState.jobs,
        rx.el.section(
            rx.el.div(
                rx.el.h3("Reading", class_name="label"),
                rx.cond(
                    IngestState.has_ended,
                    rx.el.button(
                        "Clear",
                        type="button",
                        class_name="button",
                        data_testid="jobs-clear",
                        on_click=IngestState.clear,
                    ),
                ),
                class_name="group-head",
            ),
            rx.el.ul(rx.foreach(IngestState.jobs, _job), class_name="jobs"),
            rx.cond(
                IngestState.results,
                rx.fragment(
                    rx.el.h3("What came of ", IngestState.results_of, class_name="label results-of"),
                    rx.el.ul(
                        rx.foreach(IngestState.results, _result),
                        class_name="results",
                        tab_index=0,
                        aria_label="What came of each document",
                    ),
                ),
            ),
            class_name="reading",
            aria_live="off",
        ),
    )


def add_knowledge() -> rx.Component:
    """The form for files and addresses, and what is being read."""
    return rx.el.section(
        rx.el.h2("Add knowledge"),
        rx.el.form(
            _collection_field(),
            rx.el.div(_zone(), _address(), class_name="add-ways"),
            on_submit=IngestState.add_url,
            reset_on_submit=False,
        ),
        _jobs(),
        class_name="group",
        on_mount=IngestState.watch,
        on_unmount=IngestState.unwatch,
    )
