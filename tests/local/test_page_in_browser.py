"""The page in a real browser, Debian's Chromium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from installed import needs
from lightsail_local.page.page_server import PageServer
from lightsail_local.page.page_state import page_state
from lightsail_local.samples.sample_image import push_sample_image
from lightsail_local.server import LightsailServer

pytestmark = needs("chromium", "chromedriver")

SCRIPT = "<script>document.title = 'run'</script><b>bold</b>"
OPTIONS = (
    "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    "disable-component-update disable-sync"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for option in OPTIONS.split():
        options.add_argument(f"--{option}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    # With its path, selenium looks for no driver in the network.
    service = Service(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def wait(browser: webdriver.Chrome) -> Callable[[Callable[[], Any]], Any]:
    """Wait until something is so."""
    return lambda condition: WebDriverWait(browser, 30, 0.05).until(lambda _: condition())


@pytest.fixture
def shown(browser: webdriver.Chrome) -> Callable[[str], list[str]]:
    """The strings of the elements that a selector finds, all taken in one moment."""
    script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
    return lambda selector: browser.execute_script(script, selector)


@pytest.fixture
def open_page(browser: webdriver.Chrome, wait: Any, shown: Any) -> Iterator[Callable[..., Any]]:
    """Open the page of a state."""
    pages: list[PageServer] = []

    def start(state: Callable[[], Any]) -> PageServer:
        pages.append(PageServer(0, state))
        browser.get(pages[-1].url)
        wait(lambda: shown("#connection") == ["live"])
        return pages[-1]

    yield start
    browser.get("about:blank")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    for page in pages:
        page.stop()


def canned(*lines: str, **changes: Any) -> dict[str, Any]:
    """A state with one service, whose one container logged some lines."""
    container = {"name": "web", "image": "nginx", "ports": [], "environment": []}
    deployment = {
        "version": 1,
        "state": "ACTIVE",
        "created": 0,
        "containers": [container],
        "endpoint": None,
        "nodes": [],
        "problem": None,
    }
    service = {
        "id": "shop",
        "name": "shop",
        "state": "RUNNING",
        "detail": None,
        "power": "nano",
        "scale": 1,
        "url": "http://shop.localhost:4570/",
        "isSimulated": False,
        "isServed": True,
        "tags": [],
        "created": 0,
        "images": [],
        "deployments": [deployment],
        "logs": [
            {"container": "web", "lines": [{"time": 0, "message": line} for line in lines]},
        ],
    }
    return {"services": [{**service, **changes}], "stacks": [], "calls": []}


def test_shows_what_happens_without_a_reload(
    open_page: Any,
    wait: Any,
    shown: Any,
    server: LightsailServer,
    api: Any,
    clock: Any,
    behaviour: Any,
) -> None:
    open_page(lambda: page_state(server))
    assert "lightsail-local up --service shop" in shown("#services")[0]

    behaviour.service_seconds = 5
    api.create_container_service(serviceName="shop", power="nano", scale=1)
    wait(lambda: shown(".service h3, .service > header .state") == ["shop", "PENDING"])
    clock.now += 5
    wait(lambda: shown(".service > header .state") == ["READY"])

    digest = push_sample_image(server.url, "hello")
    api.register_container_image(serviceName="shop", label="web", digest=digest)
    wait(lambda: shown(".images th code") == [":shop.web.1"])

    api.create_container_service_deployment(
        serviceName="shop",
        containers={"web": {"image": ":shop.web.1", "environment": {SCRIPT: "secret"}}},
    )
    wait(lambda: shown(".deployment .state") == ["ACTIVATING"])
    clock.now += 10
    wait(lambda: shown(".deployment .state, .service > header .state") == ["RUNNING", "ACTIVE"])
    assert shown(".deployment .names code") == [SCRIPT]
    assert "CreateContainerServiceDeployment" in shown("#calls .operation")


def test_shows_markup_as_text(open_page: Any, browser: webdriver.Chrome, shown: Any) -> None:
    state = canned(SCRIPT, name=SCRIPT, url=f"javascript:{SCRIPT}")
    state["services"][0]["deployments"][0]["containers"][0].update(name=SCRIPT, image=SCRIPT)

    open_page(lambda: state)

    assert shown(".service h3, .deployment strong, .log p span") == [SCRIPT, SCRIPT, SCRIPT]
    assert shown("body script, main b, main a") == []
    assert browser.title == "Local cloud"


def test_the_log_of_the_newest_service_is_open_until_its_reader_closes_it(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    states = [canned("first")]
    states[0]["services"] += canned("old", id="old")["services"]
    open_page(lambda: states[-1])
    assert shown("details[open] summary .quiet") == ["first"]
    browser.find_element(By.TAG_NAME, "summary").click()

    states.append(canned("second"))
    wait(lambda: shown("summary .quiet") == ["second"])

    assert shown("details[open]") == []


def test_leads_to_what_a_service_serves(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    states = [canned(isServed=False)]
    open_page(lambda: states[-1])
    assert shown(".link") == ["http://shop.localhost:4570/ does not answer now"]
    assert shown(".link a") == []

    states.append(canned())
    wait(lambda: shown(".link a") == ["http://shop.localhost:4570/"])
    link = browser.find_element(By.CSS_SELECTOR, ".link a")
    assert link.get_attribute("href") == "http://shop.localhost:4570/"

    states.append(canned(isServed=False, isSimulated=True))
    wait(lambda: "simulated" in shown(".link")[0])


def test_shows_nodes_restarts_and_health_checks(open_page: Any, shown: Any) -> None:
    state = canned()
    container = {"name": "web", "isRunning": True, "restarts": 0, "exitCode": None}
    again = {**container, "restarts": 1, "exitCode": 1}
    ended = {**container, "isRunning": False, "restarts": 2, "exitCode": 137}
    checks = [
        {"time": 0, "health": "silent", "answer": "does not listen"},
        {"time": 1, "health": "healthy", "answer": "200"},
    ]
    state["services"][0]["deployments"][0]["nodes"] = [
        {"containers": [container], "healthChecks": checks},
        {"containers": [again, ended], "healthChecks": []},
    ]

    open_page(lambda: state)

    assert shown(".node > :first-child") == ["node 1", "node 2"]
    assert shown(".up, .down") == [
        "web runs",
        "web runs, restarted once, last ended with 1",
        "web does not run, restarted 2 times, last ended with 137",
    ]
    assert shown(".checks code") == ["does not listen", "200"]
    assert shown(".checks .healthy") == ["200"]


def test_a_failure_is_shown_with_what_was_said_last(open_page: Any, shown: Any) -> None:
    state = canned()
    state["services"][0]["deployments"][0].update(
        state="FAILED", problem={"reason": "its health check failed", "lines": [SCRIPT]}
    )

    open_page(lambda: state)

    assert shown(".deployment .problem > *") == ["Failed: its health check failed", SCRIPT]


def test_shows_stacks_and_counted_calls(open_page: Any, shown: Any) -> None:
    event = {"id": "1", "time": 0, "resource": "Image", "type": "Custom::Image", "reason": SCRIPT}
    stack = {
        "id": "arn",
        "name": "Shop",
        "state": "ROLLBACK_COMPLETE",
        "problem": {"resource": "Image", "reason": SCRIPT},
        "events": [{**event, "state": "CREATE_FAILED"}],
    }
    reads = [{"operation": "GetA", "count": 2}, {"operation": "GetB", "count": 1}]
    state = {
        **canned(),
        "stacks": [stack, {**stack, "id": "other", "name": "Other", "problem": None}],
        "calls": [{"id": "from API 1", "time": 0, "since": 0, "reads": reads}],
    }

    open_page(lambda: state)

    assert shown("details.stack[open] h3") == ["Shop"]
    assert shown(".stack > .problem > *") == ["Image failed", SCRIPT]
    assert shown("[open] .events .reason") == [SCRIPT]
    assert shown(".reads th") == ["GetA \N{MULTIPLICATION SIGN}2, GetB"]


def test_keeps_what_was_opened_and_where_it_was_scrolled_to(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    states = [canned(*(f"line {number}" for number in range(100)))]
    open_page(lambda: states[-1])
    log = browser.find_element(By.CSS_SELECTOR, ".log")
    wait(lambda: browser.execute_script("return arguments[0].scrollTop > 0", log))
    browser.execute_script("arguments[0].scrollTop = 40", log)

    states.append(canned(*(f"line {number}" for number in range(101)), state="DEPLOYING"))
    wait(lambda: shown(".log p span")[-1] == "line 100")

    assert browser.find_element(By.TAG_NAME, "details").get_attribute("open")
    assert browser.execute_script("return arguments[0].scrollTop", log) == 40


def stack_of(name: str, problem: Any = None) -> dict[str, Any]:
    """A stack with so many events that they scroll."""
    events = [
        {"id": str(number), "time": 0, "resource": name, "type": "A::B", "state": "X", "reason": ""}
        for number in range(50)
    ]
    state = "ROLLBACK_IN_PROGRESS" if problem else "CREATE_IN_PROGRESS"
    return {"id": name, "name": name, "state": state, "problem": problem, "events": events}


A, B = stack_of("A"), stack_of("B")
LINES = [f"line {number}" for number in range(100)]


@pytest.mark.parametrize(
    ("before", "after", "selector"),
    [
        (
            {"stacks": [A]},
            {"stacks": [stack_of("A", {"resource": "Image", "reason": "why"})]},
            ".events",
        ),
        ({"stacks": [A, B]}, {"stacks": [B, A]}, ".stack:last-child .events"),
        (canned(*LINES), canned(*LINES, state="DELETED"), ".log"),
    ],
    ids=["a stack fails", "another stack changes", "a service is deleted"],
)
def test_keeps_focus_and_place_when_something_comes_or_goes_around_it(
    open_page: Any,
    browser: webdriver.Chrome,
    wait: Any,
    shown: Any,
    before: Any,
    after: Any,
    selector: str,
) -> None:
    empty: dict[str, Any] = {"services": [], "stacks": [], "calls": []}
    states = [{**empty, **before}]
    open_page(lambda: states[-1])
    browser.execute_script(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; });"
        "window.held = document.querySelector(arguments[0]); held.focus();",
        selector,
    )
    # An opened log scrolls to its end by itself.
    wait(lambda: not shown(".log") or browser.execute_script("return held.scrollTop > 0"))
    browser.execute_script("held.scrollTop = 40")

    shown_before = shown("main")
    states.append({**empty, **after})
    wait(lambda: shown("main") != shown_before)

    assert browser.execute_script("return [document.activeElement === held, held.scrollTop]") == [
        True,
        40,
    ]


def test_a_log_that_shows_its_end_goes_on_showing_it(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    states = [canned(*(f"line {number}" for number in range(100)))]
    open_page(lambda: states[-1])
    log = browser.find_element(By.CSS_SELECTOR, ".log")
    ends = "const it = arguments[0]; return it.scrollTop + it.clientHeight >= it.scrollHeight - 2"
    wait(lambda: browser.execute_script(ends, log))

    states.append(canned(*(f"line {number}" for number in range(150))))
    wait(lambda: shown(".log p span")[-1] == "line 149")

    assert browser.execute_script(ends, log)


def test_a_log_whose_oldest_lines_go_keeps_what_its_reader_selected(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    # Some lines are the same, and of the same time.
    states = [canned("again", "again", *LINES)]
    open_page(lambda: states[-1])
    browser.execute_script(
        "getSelection().selectAllChildren(document.querySelectorAll('.log p span')[40])"
    )
    selected = "return String(getSelection())"
    assert browser.execute_script(selected) == "line 38"

    states.append(canned("again", *LINES, "the newest"))
    wait(lambda: shown(".log p span") == ["again", *LINES, "the newest"])

    assert browser.execute_script(selected) == "line 38"


def test_tells_a_screen_reader_what_has_changed(open_page: Any, wait: Any, shown: Any) -> None:
    states = [canned()]
    states[0]["services"] += canned(id="old", name="old", deployments=[])["services"]
    open_page(lambda: states[-1])
    said = "shop is RUNNING, deployment 1 is ACTIVE. old is RUNNING"
    assert shown("#news") == [said]

    states.append(json.loads(json.dumps(states[0])))
    states[-1]["services"][0]["deployments"][0]["state"] = "FAILED"
    wait(lambda: shown("#news") == ["shop is RUNNING, deployment 1 is FAILED"])

    states.append({"services": [], "stacks": [], "calls": []})
    wait(lambda: shown("h3") == [])
    states.append(states[0])
    wait(lambda: shown("#news") == [said])


def test_what_is_focused_does_not_stop_behind_the_header(
    open_page: Any, browser: webdriver.Chrome
) -> None:
    services = [*canned(*LINES)["services"], *canned(*LINES, id="old")["services"]]
    open_page(lambda: {"services": services, "stacks": [], "calls": []})
    browser.execute_script("scrollTo(0, document.documentElement.scrollHeight)")

    top, header = browser.execute_script(
        "const it = document.querySelector('summary'); it.scrollIntoView({block: 'nearest'});"
        "return [it.getBoundingClientRect().top,"
        " document.querySelector('body > header').getBoundingClientRect().bottom]"
    )

    assert top >= header


def test_the_end_of_the_second_column_can_be_reached(
    open_page: Any, browser: webdriver.Chrome
) -> None:
    metrics = {"width": 1400, "height": 500, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    services = [canned(*LINES, id=str(number))["services"][0] for number in range(9)]
    open_page(lambda: {"services": services, "stacks": [A, B], "calls": []})

    browser.execute_script("document.querySelector('main > :last-child').scrollTop = 9999")

    shown = "const it = document.querySelector('#calls').getBoundingClientRect();"
    assert browser.execute_script(f"{shown} return it.bottom <= innerHeight && scrollY === 0")


def test_makes_only_what_has_changed(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    def state(log: str, stack: str) -> dict[str, Any]:
        services = [canned(log, id="1")["services"][0], canned("same", id="2")["services"][0]]
        stacks = [{**A, "state": stack}, B]
        return {"services": services, "stacks": stacks, "calls": []}

    states = [state("before", "before")]
    open_page(lambda: states[-1])
    # What is made again loses an attribute that it does not come with.
    mark = "for (const each of document.querySelectorAll('.service, .stack')) each.lang = 'en'"
    for new in ("after", "later"):
        browser.execute_script(mark)
        states.append(state(new, new))
        wait(lambda new=new: shown(".service:not([lang]) .log span") == [new])
        wait(lambda new=new: shown(".stack:not([lang]) summary .state") == [new])

        assert shown(".service[lang] .log span") == ["same"]
        assert shown(".stack[lang] h3") == ["B"]


def test_takes_away_what_is_gone(open_page: Any, wait: Any, shown: Any) -> None:
    states = [canned("line"), {"services": [], "stacks": [], "calls": []}]
    open_page(lambda: states[0])
    assert shown("h3") == ["shop"]

    del states[0]

    wait(lambda: shown("h3") == [])
    assert shown("#services .empty") != []


def test_tells_that_the_connection_is_lost(
    open_page: Any, browser: webdriver.Chrome, wait: Any, shown: Any
) -> None:
    page = open_page(canned)

    page.stop()

    wait(lambda: shown("#connection") == ["connection lost, trying again"])
    assert shown("h3") == ["shop"]
    # It stays as legible as it was.
    assert browser.find_element(By.TAG_NAME, "main").value_of_css_property("opacity") == "1"
    port = int(page.url.rpartition(":")[2])
    with PageServer(port, canned):
        wait(lambda: shown("#connection") == ["live"])


@pytest.mark.parametrize("width", [400, 1400])
def test_fits_the_window(open_page: Any, browser: webdriver.Chrome, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    open_page(lambda: canned("x" * 500, url=f"https://{'x' * 300}/"))

    needed, there = browser.execute_script(
        "const it = document.documentElement; return [it.scrollWidth, it.clientWidth]"
    )
    assert needed == there
