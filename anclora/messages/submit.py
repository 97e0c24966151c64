"""Accepting messages: checked, then committed in a group, then on their way. Accepted means committed."""

import json
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection

from anclora.instances.book import InstanceBook
from anclora.kit import tracing
from anclora.kit.batcher import Batcher, commit_or_bisect
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, InvalidError
from anclora.kit.ids import new_id
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.backlog import Backlog
from anclora.messages.door import admit
from anclora.messages.errors import BulkError
from anclora.messages.feed import QUERIES, Feeder, LaneItem
from anclora.messages.gather import gather
from anclora.messages.idempotency import Committed, EntangledError, Request, keys_of, take_keys
from anclora.messages.model import Draft, NewMessage, State
from anclora.messages.targets import Known
from anclora.messages.traces import trace_accepted
from anclora.providers.contract import Capabilities, Content, kind_of
from anclora.providers.registry import Providers
from anclora.storage.database import Database

_POISON = (psycopg.DataError, psycopg.IntegrityError, EntangledError)
_BULKS_TOGETHER = 4
_LINGER_SECONDS = 0.004  # of a single message: a commit of five costs hardly more than a commit of one
_CONTACTS_CACHED = 200_000


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is in the ledger."""

    index: int
    id: UUID
    state: State
    to: str
    instance: str


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is not."""

    index: int
    error: AncloraError


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request: one result per draft, in order; `replayed` = the first answer again."""

    results: list[Accepted | Rejected]
    replayed: bool


class Submit:
    """The verb, with what it needs."""

    def __init__(
        self, db: Database, feeder: Feeder, providers: Providers, book: InstanceBook, settings: Settings, clock: Clock
    ) -> None:
        self._db = db
        self._feeder = feeder
        self._providers = providers
        self._book = book
        self._settings = settings
        self._clock = clock
        self._singles = Batcher(self._commit_safely, size=500, linger_seconds=_LINGER_SECONDS)
        self._bulks = Batcher(self._commit_safely, size=_BULKS_TOGETHER, bound=64)
        self._backlog = Backlog(db, clock, limit_seconds=settings.backlog_limit_seconds)
        self._contact_ids: dict[str, UUID] = {}
        self._limits = lru_cache(maxsize=1_000)(self._limits_of)

    async def submit(
        self,
        account: str,
        drafts: Sequence[Draft],
        *,
        key: str | None = None,
        partial: bool = False,
        may_be_critical: bool = False,
    ) -> Submitted:
        """Store messages and start them on their way.

        Args:
            account: owner of the messages and of the idempotency keys.
            drafts: 1 to `bulk_limit`.
            key: the request's Idempotency-Key.
            partial: store the good rows and report the bad ones; otherwise one bad row refuses all.
            may_be_critical: whether priority critical is allowed.

        Raises:
            BulkError, InvalidError, ForbiddenError, ConflictError: nothing was stored.
            UnavailableError: nothing was stored, or (`commit_unknown`) ask again with the same key. `backlog`: what
                was accepted before does not reach its lanes.
        """
        if not 1 <= len(drafts) <= self._settings.bulk_limit:
            raise InvalidError(
                f"A request holds 1 to {self._settings.bulk_limit} messages, this one {len(drafts)}. Split it.",
                code="bulk_size",
            )
        began = self._clock.now()
        await self._book.refresh()
        await self._backlog.check()
        known = await gather(
            self._db,
            drafts,
            instances=self._book.names,
            region=self._settings.default_region,
            now=began,
            media_days=self._settings.media_days,
        )
        messages, rejected = self._admit_all(drafts, known, may_be_critical=may_be_critical)
        if rejected and not partial:
            errors = [(each.index, each.error) for each in rejected]
            raise errors[0][1] if len(drafts) == 1 else BulkError(errors, len(drafts))
        bad = {result.index for result in rejected}
        good = [index for index in range(len(drafts)) if index not in bad]
        if not messages:
            return Submitted(results=list(rejected), replayed=False)
        request = Request(account=account, messages=messages, keys=keys_of(account, messages, key))
        committed = await (self._singles if len(drafts) == 1 else self._bulks).put(request)
        if (traces := tracing.active) is not None and not committed.replayed:
            trace_accepted(traces, messages, began=began, ended=self._clock.now())
        accepted = [
            Accepted(index=index, id=message_id, state=message.state, to=message.recipient, instance=message.instance)
            for index, message, message_id in zip(good, messages, committed.ids, strict=True)
        ]
        results = sorted([*accepted, *rejected], key=lambda each: each.index)
        return Submitted(results=results, replayed=committed.replayed)

    async def close(self) -> None:
        """Wait for the commits under way."""
        await self._singles.close()
        await self._bulks.close()

    def _limits_of(self, provider: str) -> Capabilities:
        return self._providers[provider].capabilities

    def _rendered(self, instance: str, content: Content) -> Content:
        return self._providers[self._book.get(instance).provider].rendered(content)

    def _admit_all(
        self, drafts: Sequence[Draft], known: Known, *, may_be_critical: bool
    ) -> tuple[list[NewMessage], list[Rejected]]:
        messages: list[NewMessage] = []
        rejected: list[Rejected] = []
        now = self._clock.now()
        for index, draft in enumerate(drafts):
            try:
                messages.append(
                    admit(
                        draft,
                        region=self._settings.default_region,
                        now=now,
                        choose_instance=self._book.choose,
                        limits=lambda name: self._limits(self._book.get(name).provider),
                        may_be_critical=may_be_critical,
                        rendered=self._rendered,
                        known=known,
                    )
                )
            except AncloraError as error:
                rejected.append(Rejected(index=index, error=error))
        return messages, rejected

    async def _commit_safely(self, requests: Sequence[Request]) -> Sequence[Committed | Exception]:
        return await commit_or_bisect(self._commit, requests, _POISON)

    async def _commit(self, requests: Sequence[Request]) -> Sequence[Committed | Exception]:
        """One statement, where no key is to be taken and no person is new."""
        answers: Sequence[Committed | Exception] = [
            Committed(ids=[m.id for m in r.messages], replayed=False) for r in requests
        ]
        contacts = self._contact_ids
        rows = [(request.account, message) for request in requests for message in request.messages]
        if any(request.keys for request in requests) or any(m.recipient not in contacts for _, m in rows):
            async with self._db.transaction() as conn:
                answers = await take_keys(conn, requests)
                rows = [
                    (request.account, message)
                    for request, answer in zip(requests, answers, strict=True)
                    if isinstance(answer, Committed)
                    for message, message_id in zip(request.messages, answer.ids, strict=True)
                    if message.id == message_id
                ]
                contacts = await self._contacts(conn, {message.recipient for _, message in rows})
                cursor = await conn.execute(QUERIES["insert_messages"], _columns(rows, contacts))
                stored = await cursor.fetchall()
            self._remember(contacts)
        else:
            stored = await self._db.commit(QUERIES["insert_messages"], **_columns(rows, contacts))
        metrics.ACCEPTED.inc(len(rows))
        if stored:
            self._feeder.put(int(stored[0][0]), [LaneItem(str(row[1]), *row[2:]) for row in stored])
        return answers

    async def _contacts(self, conn: AsyncConnection, phones: set[str]) -> dict[str, UUID]:
        missing = sorted(phones - self._contact_ids.keys())
        found = {phone: self._contact_ids[phone] for phone in phones if phone in self._contact_ids}
        if missing:
            await conn.execute(QUERIES["insert_contacts"], {"ids": [new_id() for _ in missing], "phones": missing})
            cursor = await conn.execute(QUERIES["read_contacts"], {"phones": missing})
            fresh = {str(row[0]): row[1] async for row in cursor}
            found.update(fresh)
        return found

    def _remember(self, contacts: dict[str, UUID]) -> None:
        # Only after the commit: the ids of a transaction that fell never existed.
        if len(self._contact_ids) > _CONTACTS_CACHED:
            self._contact_ids.clear()
        self._contact_ids.update(contacts)


def _columns(rows: Sequence[tuple[str, NewMessage]], contacts: dict[str, UUID]) -> dict[str, list[object]]:
    return {
        "ids": [m.id for _, m in rows],
        "accounts": [account for account, _ in rows],
        "instances": [m.instance for _, m in rows],
        "contact_ids": [contacts[m.recipient] for _, m in rows],
        "recipients": [m.recipient for _, m in rows],
        "contents": [m.encoded for _, m in rows],
        "kinds": [kind_of(m.content) for _, m in rows],
        "fingerprints": [m.fingerprint for _, m in rows],
        "classes": [m.kind.value for _, m in rows],
        "priorities": [int(m.priority) for _, m in rows],
        "tags": [json.dumps(m.tags) for _, m in rows],
        "campaign_ids": [m.campaign_id for _, m in rows],
        "client_refs": [m.client_ref for _, m in rows],
        "send_ats": [m.send_at for _, m in rows],
        "send_zones": [m.send_zone for _, m in rows],
        "expires_ats": [m.expires_at for _, m in rows],
        "states": [m.state.value for _, m in rows],
    }
