"""Addresses that programs know: host metadata."""

from django.urls import path

from chatops.bridge.handlers import xep_0156

urlpatterns = [
    path(".well-known/host-meta", xep_0156.host_meta, name="host-meta"),
    path(".well-known/host-meta.json", xep_0156.host_meta_json, name="host-meta-json"),
]
