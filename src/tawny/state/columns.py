"""The kinds of columns that the tables of the state database are made of."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class PersonText(sa.types.TypeDecorator[str]):
    """Text of people and events. Postgres keeps no NUL; nobody types one, and a refused event that
    holds one is shown with a mark in its place."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """The text as the database can keep it."""
        if value is not None and dialect.name == "postgresql":
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return value


# SQLite gives out row ids by itself for this type only.
_BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def id_column() -> sa.Column[int]:
    """The number of a row, given out once."""
    return sa.Column("id", _BigId, primary_key=True, autoincrement=True)


def number_column(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[int]:
    """A whole number."""
    return sa.Column(name, sa.BigInteger, nullable=null, server_default=default)


def text_column(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, PersonText, nullable=null, server_default=default)


def user_column(name: str = "user_id") -> sa.Column[int]:
    """A person, with whom the row goes."""
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
    )
