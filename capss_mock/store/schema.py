"""The tables. Every row carries its run; the schema has a version."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA_VERSION = 2

metadata = MetaData()

meta = Table("meta", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("created_ns", BigInteger, nullable=False),
)


def _run() -> Column[str]:
    return Column("run_id", String(64), nullable=False)


signing_keys = Table(
    "signing_keys",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("kid", String(36), primary_key=True),
    Column("pem", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("client_id", String(200), primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("license_id", String(40), nullable=False),
    Column("organization_id", String(36), nullable=False),
    Column("org_type", String(40), nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("expires_on", Date),
    Column("enabled", Boolean, nullable=False),
    Column("granted", Boolean, nullable=False),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("jti", String(36), primary_key=True),
    Column("exp", BigInteger, nullable=False),  # seconds since 1970
)

submissions = Table(
    "submissions",
    metadata,
    # the number in links.href; BigInteger would stop SQLite from numbering it
    Column("status_id", Integer, primary_key=True, autoincrement=True),
    _run(),
    Column("submission_id", String(36), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("license_id", String(40), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("progress", String(40), nullable=False),
    Column("accepted_ns", BigInteger, nullable=False),
    Column("completed_ns", BigInteger),
    Column("polls", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("saved", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    sqlite_autoincrement=True,
)

items = Table(
    "items",
    metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=True),
    _run(),
    Column("status_id", Integer, nullable=False),
    Column("license_id", String(40), nullable=False),
    Column("record", Integer, nullable=False),
    Column("dedup_key", String(32), nullable=False),
    Column("reference", Text),
    Column("loan_number", Text),
    Column("serial", Text),
    Column("fields", Text, nullable=False),
    Column("updated_by", Integer),
    ForeignKeyConstraint(["status_id"], ["submissions.status_id"]),
)
Index("items_dedup", items.c.run_id, items.c.license_id, items.c.dedup_key)
Index("items_reference", items.c.run_id, items.c.license_id, items.c.reference)
Index("items_loan", items.c.run_id, items.c.license_id, items.c.loan_number)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _run(),
    Column("at_ns", BigInteger, nullable=False),
    Column("method", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("ms", Float, nullable=False),
    Column("rule", String(40)),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)
