"""A query file read by the parser of SQL: its steps, its final select, what each reads and gives.

What is in no file of ours is refused by file and line: in `portable.py`, in `event_types.py`, and
here what is no list of steps and a select.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import Token, TokenType, exp, tokenize

from tawny.errors import EngineError
from tawny.queries.portable import check
from tawny.queries.sql_file import ParsedSelect, SelectItem, Span, SqlFile


def parsed(path: str, text: str) -> SqlFile:
    """What a query file says. Raises `EngineError` by file and line."""
    tree = check(path, text)
    final = tree.copy()
    final.set("with_", None)
    tokens = tokenize(text, read="duckdb")
    steps, first = _steps(path, text, tree, tokens)
    order = next(
        (at for at in _outside(tokens, first) if tokens[at].token_type is TokenType.ORDER_BY), None
    )
    select_tokens = tokens[first:order]
    return SqlFile(
        steps=steps,
        select=_select(path, text, "", final, select_tokens, _span(select_tokens)),
        order_by=None if order is None else _span(tokens[order + 1 :]),
        whole=_select(path, text, "", tree, (), _span(tokens)),
    )


def _steps(
    path: str, text: str, tree: exp.Expr, tokens: Sequence[Token]
) -> tuple[tuple[ParsedSelect, ...], int]:
    """The steps after WITH, and the place of the first token after them."""
    steps: list[ParsedSelect] = []
    at = 0
    for step in _named_selects(tree):
        # WITH or a comma, the name, AS, an opening bracket: more than that no engine needs.
        opening = at + 3
        if tokens[opening].token_type is not TokenType.L_PAREN:
            raise EngineError(
                "{path}: found no 'name AS (' after WITH or a comma",
                path=f"{path}:{tokens[at].line}",
            )
        closing = next(
            end for end in _outside(tokens, opening) if tokens[end].token_type is TokenType.R_PAREN
        )
        inside = tokens[opening + 1 : closing]
        between = (tokens[opening].end + 1, tokens[closing].start)
        steps.append(_select(path, text, step.alias, step.this, inside, between))
        at = closing + 1
    return tuple(steps), at


def _select(
    path: str, text: str, name: str, tree: exp.Expr, tokens: Sequence[Token], span: Span
) -> ParsedSelect:
    """A select and what it reads; `span` is its text, `tokens` hold its items if they matter."""
    tables = sorted(
        (table.this.meta["start"], table.name)
        for table in tree.find_all(exp.Table)
        if not _is_named_inside(table, tree)
    )
    return ParsedSelect(
        name=name,
        text=span,
        reads=tuple(name for _, name in tables),
        parameters=tuple(sorted({value.name for value in tree.find_all(exp.Placeholder)})),
        items=tuple(_items(path, text, tree, tokens)) if tokens else (),
    )


def _named_selects(tree: exp.Expr) -> list[exp.Expr]:
    """The selects after the WITH of a statement."""
    clause = tree.args.get("with_")
    return list(clause.expressions) if clause else []


def _is_named_inside(table: exp.Table, tree: exp.Expr) -> bool:
    """Whether a table is a select that `tree`, or a select inside it, has named before."""
    at: exp.Expr = table
    inside: exp.Expr | None = None
    while True:
        if isinstance(at, exp.CTE):
            inside = at
        for named in _named_selects(at):
            if named is inside:
                break
            if named.alias == table.name:
                return True
        if at is tree or at.parent is None:
            return False
        at = at.parent


def _items(path: str, text: str, tree: exp.Expr, tokens: Sequence[Token]) -> Iterator[SelectItem]:
    """The items of a select, of a UNION those of the first."""
    select = tree
    while isinstance(select, exp.SetOperation):
        select = select.this
    if not isinstance(select, exp.Select):
        return
    for node, part in zip(select.expressions, _item_tokens(tokens), strict=True):
        if not isinstance(node, exp.Alias | exp.Column):
            raise EngineError(
                "{file}: found {line!r}; allowed: expression AS key",
                file=f"{path}:{part[1].line}",
                line=" ".join(text[part[1].start : part[-1].end + 1].split()),
            )
        before, *code = part
        named = code[:-2] if isinstance(node, exp.Alias) else code
        comment = text[before.end + 1 : code[0].start].strip()
        start = code[0].start - len(text[before.end + 1 : code[0].start].lstrip())
        yield SelectItem(
            key=node.alias_or_name,
            expression=_span(named),
            comment=(start, start + len(comment)) if comment else None,
            source=_source(node.unalias(), select),
        )


def _item_tokens(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The tokens of each item of the first select, after the comma or SELECT before it."""
    start = next(at for at, token in enumerate(tokens) if token.token_type is TokenType.SELECT)
    if tokens[start + 1].token_type is TokenType.DISTINCT:
        start += 1
    for at in _outside(tokens, start + 1):
        if tokens[at].token_type in (TokenType.COMMA, TokenType.FROM):
            yield tokens[start:at]
            start = at
        if tokens[at].token_type is TokenType.FROM:
            return
    yield tokens[start:]


def _source(node: exp.Expr, select: exp.Select) -> tuple[str, str] | None:
    """Where a column of a select comes from as it is, through selects inside it."""
    if not isinstance(node, exp.Column):
        return None
    clauses = [select.args["from_"], *select.args.get("joins", [])] if _has_from(select) else []
    for clause in clauses:
        read = clause.this
        if node.table != read.alias_or_name and (node.table or len(clauses) > 1):
            continue
        if isinstance(read, exp.Table):
            return read.name, node.name
        inner = read.this
        if isinstance(inner, exp.Select):
            for item in inner.expressions:
                if item.alias_or_name == node.name:
                    return _source(item.unalias(), inner)
    return None


def _has_from(select: exp.Select) -> bool:
    return select.args.get("from_") is not None


def _outside(tokens: Sequence[Token], first: int) -> Iterator[int]:
    """The places from `first` on that lie in no bracket opened after it; of a pair of brackets that
    begins there, the closing one."""
    depth = 0
    for at in range(first, len(tokens)):
        if tokens[at].token_type is TokenType.L_PAREN:
            depth += 1
        elif tokens[at].token_type is TokenType.R_PAREN:
            depth -= 1
        if depth <= 0:
            yield at


def _span(tokens: Sequence[Token]) -> Span:
    return tokens[0].start, tokens[-1].end + 1
