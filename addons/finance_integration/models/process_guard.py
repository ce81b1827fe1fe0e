"""What the database keeps itself of the processes of documents.

Triggers refuse what the state machine never does, also to somebody who writes SQL:
runs and steps go forward along :data:`finance_core.states.PROCESS_RUN` and
:data:`~finance_core.states.PROCESS_STEP`, a run is done when all its steps are, and a
decision has a person who neither wrote the process nor decided another step of it.

Errors are ``restrict_violation``, as those of :mod:`.version_guard`.
"""

from odoo.tools import SQL

from odoo.addons.finance_core.states import PROCESS_RUN, PROCESS_STEP, StateTable

FUNCTIONS = """
CREATE OR REPLACE FUNCTION finance_guard_run() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM finance_refuse('What a document went through stays.');
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'running' THEN
            PERFORM finance_refuse('A process begins at its first step.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state <> OLD.state
       AND NOT (OLD.state || '>' || NEW.state) = ANY (string_to_array(%(run)s, ' '))
    THEN
        PERFORM finance_refuse(OLD.state || ' cannot become ' || NEW.state || '.');
    END IF;
    IF (NEW.document_id, NEW.version_id) <> (OLD.document_id, OLD.version_id) THEN
        PERFORM finance_refuse('A document stays in the process it began.');
    END IF;
    IF NEW.state = 'done' AND OLD.state <> 'done' AND EXISTS (
        SELECT FROM finance_process_run_step WHERE run_id = NEW.id AND state <> 'done')
    THEN
        PERFORM finance_refuse('Steps of it are to be taken yet.');
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_run_step() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM finance_refuse('What a document went through stays.');
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' THEN
            PERFORM finance_refuse('A step begins waiting.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state <> OLD.state
       AND NOT (OLD.state || '>' || NEW.state) = ANY (string_to_array(%(step)s, ' '))
    THEN
        PERFORM finance_refuse(OLD.state || ' cannot become ' || NEW.state || '.');
    END IF;
    IF (NEW.run_id, NEW.definition_id) <> (OLD.run_id, OLD.definition_id) THEN
        PERFORM finance_refuse('A step stays what it is.');
    END IF;
    IF OLD.user_id IS DISTINCT FROM NEW.user_id AND OLD.user_id IS NOT NULL THEN
        PERFORM finance_refuse('Who took a step stays written.');
    END IF;
    IF NEW.state = 'done' AND OLD.state <> 'done' AND EXISTS (
        SELECT FROM finance_process_step
         WHERE id = NEW.definition_id AND kind = 'decision')
    THEN
        IF NEW.user_id IS NULL OR NEW.user_id = %(robot)s OR EXISTS (
            SELECT FROM finance_process_run run
              JOIN {authors} author ON author.version_id = run.version_id
             WHERE run.id = NEW.run_id AND author.user_id = NEW.user_id)
        THEN
            PERFORM finance_refuse('A person who did not write the process decides.');
        END IF;
        IF EXISTS (
            SELECT FROM finance_process_run_step other
              JOIN finance_process_step step ON step.id = other.definition_id
             WHERE other.run_id = NEW.run_id AND other.id <> NEW.id
               AND step.kind = 'decision' AND other.state = 'done'
               AND other.user_id = NEW.user_id)
        THEN
            PERFORM finance_refuse('Nobody decides two steps of one document.');
        END IF;
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
"""


def install(cr, authors: str, robot: int):
    """Create the functions and the triggers. ``authors`` is the table of who wrote a
    process version, ``robot`` the user that decides nothing. Idempotent."""
    told = {"run": _forward(PROCESS_RUN), "step": _forward(PROCESS_STEP)}
    body = FUNCTIONS.replace("{authors}", authors)
    cr.execute(body, {**told, "robot": robot})
    for table, guard in (
        ("finance_process_run", "finance_guard_run"),
        ("finance_process_run_step", "finance_guard_run_step"),
    ):
        names = {"table": SQL.identifier(table), "guard": SQL.identifier(guard)}
        cr.execute(SQL("DROP TRIGGER IF EXISTS %(guard)s ON %(table)s", **names))
        cr.execute(
            SQL(
                "CREATE TRIGGER %(guard)s BEFORE INSERT OR UPDATE OR DELETE"
                " ON %(table)s FOR EACH ROW EXECUTE FUNCTION %(guard)s()",
                **names,
            )
        )
        # also in a session that says it replicates
        cr.execute(
            SQL("ALTER TABLE %(table)s ENABLE ALWAYS TRIGGER %(guard)s", **names)
        )


def _forward(table: StateTable) -> str:
    """Every way forward, as ``from>to``: what goes several steps in one transaction is
    written once."""
    return " ".join(
        f"{old}>{new}" for old in table for new in sorted(_reachable(table, old))
    )


def _reachable(table: StateTable, state: str) -> set[str]:
    found: set[str] = set()
    following = set(table[state])
    while following - found:
        found |= following
        following = {new for each in found for new in table[each]}
    return found
