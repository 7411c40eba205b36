"""A fake of PandaPon's platform for Taobao and 1688: for trying out and for tests, on this machine.

It answers the documented operations, holds orders and refunds, and pushes the callbacks that go with what happens to
them. It is read from the platform's pages by itself, without this product's own client of the same API: where the two
differ, one of them has misread a page, and a test says so.

``state.State`` is the pure part; ``app`` answers, ``push`` pushes, ``running.Sandbox`` runs both in a thread.
"""
