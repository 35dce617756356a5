"""How the admin looks: titles, colours and navigation of django-unfold."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _style(path: str) -> Callable[[HttpRequest], str]:
    # Called per request: the address of a static file is known only once the manifest is.
    return lambda _request: static(path)


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _at(link: Promise, *, but_for: tuple[Promise, ...]) -> Callable[[HttpRequest], bool]:
    """Whether a page is below a link: where other lines of the navigation lead below it too, theirs are not."""
    return lambda request: request.path.startswith(str(link)) and not any(request.path.startswith(str(other)) for other in but_for)


_RULES: Final = reverse_lazy("admin:golden_records_survivorshipversion_rules")
_RUNS: Final = reverse_lazy("admin:matching_matchrun_changelist")
_BLOCKING: Final = reverse_lazy("admin:matching_matchrun_blocking")
_QUALITY: Final = reverse_lazy("admin:matching_qualityreport_overview")
_COMPARE: Final = reverse_lazy("admin:matching_matchrun_compare")


def _item(title: Promise | str, icon: str, model: str, **more: Any) -> dict[str, Any]:
    """One line of the navigation: a model's list, shown to who may view it. `model` is "app.model"."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may(f"{app}.view_{name}"),
        **more,
    }


def _listed(name: str) -> Callable[[HttpRequest], bool]:
    """Whether a page is of the list of a model: the page that makes one has a line of its own."""
    listing, making = (reverse_lazy(f"admin:golden_records_{name}_{page}") for page in ("changelist", "add"))
    return _at(listing, but_for=(making,))


def _making(title: Promise | str, icon: str, model: str) -> dict[str, Any]:
    """One line of the navigation: the page that makes a row of a model, shown to who may add one."""
    app, name = model.split(".")
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{app}_{name}_add"), "permission": _may(f"{app}.add_{name}")}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "mdm",
    "SITE_HEADER": "mdm",
    "SITE_SUBHEADER": _("Master data management"),
    "SITE_SYMBOL": "join_inner",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _style("golden_records/favicon.svg")}],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "matching.admin.dashboard.dashboard",
    "STYLES": [_style("golden_records/mdm.css"), _style("matching/tasks.css")],
    "SCRIPTS": [_style("golden_records/mdm.js")],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .003 247.9)",
            "100": "oklch(96.8% .007 247.9)",
            "200": "oklch(92.9% .013 255.5)",
            "300": "oklch(86.9% .022 252.9)",
            "400": "oklch(70.4% .04 256.8)",
            "500": "oklch(53.5% .045 257.4)",
            "600": "oklch(44.6% .043 257.3)",
            "700": "oklch(37.2% .044 257.3)",
            "800": "oklch(27.9% .041 260)",
            "900": "oklch(20.8% .042 265.8)",
            "950": "oklch(12.9% .042 264.7)",
        },
        "primary": {
            "50": "oklch(97% .016 240)",
            "100": "oklch(94% .032 240)",
            "200": "oklch(88.5% .06 240)",
            "300": "oklch(80.5% .1 241)",
            "400": "oklch(70.5% .13 244)",
            "500": "oklch(60% .145 249)",
            "600": "oklch(51% .15 253)",
            "700": "oklch(44% .14 256)",
            "800": "oklch(38.5% .115 258)",
            "900": "oklch(33.5% .09 260)",
            "950": "oklch(25% .07 262)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": _("Dashboard"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
                    _item(_("Review queue"), "fact_check", "matching.reviewtask", badge="matching.admin.dashboard.open_task_badge"),
                ]
            },
            {
                "title": _("Golden records"),
                "items": [
                    _item(_("Customers"), "apartment", "golden_records.goldencustomer"),
                    _item(_("Projects"), "work", "golden_records.goldenproject"),
                    _making(_("New customer"), "person_add", "golden_records.customerrecord"),
                    _making(_("New project"), "add_circle", "golden_records.projectrecord"),
                    _item(_("Merges"), "merge", "golden_records.mergereceipt"),
                    _item(_("Splits and moves"), "call_split", "golden_records.movereceipt"),
                    _item(_("Overrides"), "push_pin", "golden_records.override"),
                    _item(_("Survivorship"), "rule", "golden_records.survivorshipversion", link=_RULES),
                    _item(_("Changes"), "timeline", "golden_records.changeevent"),
                ],
            },
            {
                "title": _("Sources"),
                "items": [
                    _item(_("Customer records"), "contact_page", "golden_records.customerrecord", active=_listed("customerrecord")),
                    _item(_("Project records"), "assignment", "golden_records.projectrecord", active=_listed("projectrecord")),
                    _item(_("Quarantine"), "report", "golden_records.quarantinedrow"),
                    _item(_("Imports"), "upload_file", "golden_records.importjob"),
                    _item(_("Source systems"), "database", "golden_records.sourcesystem"),
                    _item(_("Mappings"), "schema", "golden_records.sourcemapping"),
                ],
            },
            {
                "title": _("Matching"),
                "items": [
                    _item(_("Matching runs"), "play_circle", "matching.matchrun", active=_at(_RUNS, but_for=(_BLOCKING, _COMPARE))),
                    _item(_("Blocking"), "filter_alt", "matching.matchrun", link=_BLOCKING),
                    _item(_("Compare records"), "compare_arrows", "matching.matchrun", link=_COMPARE),
                    _item(_("Match configs"), "tune", "matching.matchconfigversion"),
                    _item(_("Judgements"), "gavel", "matching.judgement"),
                    _item(_("Four-eyes rules"), "group", "matching.foureyesrule"),
                    _item(_("Reason codes"), "label", "matching.reasoncode"),
                    _item(_("Measured quality"), "speed", "matching.qualityreport", link=_QUALITY),
                ],
            },
            {
                "title": _("Access"),
                "items": [
                    _item(_("Audit log"), "policy", "golden_records.auditentry"),
                    _item(_("Reports"), "summarize", "matching.reportjob"),
                    _item(_("API keys"), "key", "api.apikey"),
                    _item(_("Webhooks"), "webhook", "golden_records.webhooksubscription"),
                    _item(_("People"), "person", "auth.user"),
                    _item(_("Groups"), "group", "auth.group"),
                    _item(_("Limits"), "visibility_lock", "golden_records.accesslimit"),
                    _item(_("Failed log-ins"), "gpp_bad", "axes.accessattempt"),
                ],
            },
        ],
    },
}
