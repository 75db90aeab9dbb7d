"""Streams that a test of registration has opened end with it."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.protocol.registering import opened


@pytest_asyncio.fixture(autouse=True)
async def hang_up_strangers() -> AsyncIterator[None]:
    yield
    await asyncio.gather(*(client.hang_up() for client in opened))
    opened.clear()
