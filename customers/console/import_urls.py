"""Screens of imports and exports."""

from core.console.views import screen
from customers.console.exports import (
    ApproveExport,
    DownloadExport,
    ExportDetail,
    ExportList,
    RefuseExport,
)
from customers.console.import_wizard import MapColumns, NewImport, StartImport, StateBasis, TryImport, UndoImport
from customers.console.imports import DownloadRefused, DownloadSample, ImportDetail, ImportList

urlpatterns = [
    screen("imports", ImportList),
    screen("imports/new", NewImport),
    screen("imports/samples/<str:target>", DownloadSample),
    screen("imports/<str:public_id>", ImportDetail),
    screen("imports/<str:public_id>/columns", MapColumns),
    screen("imports/<str:public_id>/consent", StateBasis),
    screen("imports/<str:public_id>/try", TryImport),
    screen("imports/<str:public_id>/start", StartImport),
    screen("imports/<str:public_id>/undo", UndoImport),
    screen("imports/<str:public_id>/refused", DownloadRefused),
    screen("exports", ExportList),
    screen("exports/<str:public_id>", ExportDetail),
    screen("exports/<str:public_id>/approve", ApproveExport),
    screen("exports/<str:public_id>/refuse", RefuseExport),
    screen("exports/<str:public_id>/file", DownloadExport),
]
