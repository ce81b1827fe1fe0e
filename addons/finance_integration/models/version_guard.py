"""The part of the approval cycle that the database keeps itself.

Triggers refuse what the models refuse, also to somebody who writes SQL: content is
changed in drafts only, states follow :data:`finance_core.states.VERSION`, nobody
approves what he wrote, two approve what takes two, an approved version at most ends
earlier. Whoever may drop
triggers gets round them; the content hash that is compared at every use and the log
find that out.

Errors are ``restrict_violation`` (SQLSTATE 23001), an IntegrityError for psycopg2.
"""

from odoo.tools import SQL

from odoo.addons.finance_core.states import VERSION

FUNCTIONS = """
CREATE OR REPLACE FUNCTION finance_refuse(what text) RETURNS void AS $$
BEGIN
    RAISE EXCEPTION '%%', what USING ERRCODE = 'restrict_violation';
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_version() RETURNS trigger AS $$
DECLARE
    -- what follows other records and says nothing about the content
    around text[] := ARRAY['company_id', 'write_uid', 'write_date'];
    decision text[] := ARRAY['state', 'submitted_at', 'approved_by_id', 'approved_at',
                             'decision_reason', 'content_hash', 'second_needed',
                             'first_approved_by_id', 'first_approved_at'];
    ending text[] := ARRAY['state', 'valid_to', 'content_hash'];
    free text[];
    written text := 'SELECT EXISTS (SELECT FROM %%I WHERE version_id = $1'
                    ' AND user_id = ANY ($2) AND user_id <> %(installer)s)';
    wrote boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            PERFORM finance_refuse('A version begins as a draft.');
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            PERFORM finance_refuse('Only a draft can be deleted.');
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.state <> OLD.state
       AND NOT (OLD.state || '>' || NEW.state) = ANY (string_to_array(%(steps)s, ' '))
    THEN
        PERFORM finance_refuse(OLD.state || ' cannot become ' || NEW.state || '.');
    END IF;
    IF OLD.state <> 'draft' THEN
        free := around || CASE OLD.state
            WHEN 'submitted' THEN decision WHEN 'approved' THEN ending END;
        IF to_jsonb(OLD) - free IS DISTINCT FROM to_jsonb(NEW) - free THEN
            PERFORM finance_refuse('The content of a version changes in a draft only.');
        END IF;
    END IF;
    IF OLD.state = 'approved' THEN
        IF NEW.valid_to IS DISTINCT FROM OLD.valid_to
           AND NOT coalesce(NEW.valid_to < coalesce(OLD.valid_to, 'infinity'), false)
        THEN
            PERFORM finance_refuse('An approved version can only end earlier.');
        END IF;
        IF NEW.content_hash IS DISTINCT FROM OLD.content_hash
           AND NEW.valid_to IS NOT DISTINCT FROM OLD.valid_to THEN
            PERFORM finance_refuse('The hash of an approved version stays.');
        END IF;
    END IF;
    IF OLD.state = 'submitted' AND NEW.state <> 'draft' THEN
        EXECUTE format(written, TG_ARGV[0])
           INTO wrote USING NEW.id, ARRAY[NEW.first_approved_by_id];
        IF wrote OR (OLD.first_approved_by_id IS NOT NULL AND
                     OLD.first_approved_by_id IS DISTINCT FROM NEW.first_approved_by_id)
           OR (OLD.second_needed AND NEW.second_needed IS NOT TRUE)
        THEN
            PERFORM finance_refuse('The first of two approvals stays.');
        END IF;
    END IF;
    IF NEW.state = 'approved' AND OLD.state <> 'approved' THEN
        EXECUTE format(written, TG_ARGV[0])
           INTO wrote USING NEW.id, ARRAY[NEW.approved_by_id];
        IF wrote OR NEW.approved_by_id IS NULL OR NEW.content_hash IS NULL THEN
            PERFORM finance_refuse('Somebody else than an author has to approve.');
        END IF;
        IF NEW.second_needed
           AND coalesce(NEW.first_approved_by_id, NEW.approved_by_id)
               = NEW.approved_by_id THEN
            PERFORM finance_refuse('It takes two approvers.');
        END IF;
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_line() RETURNS trigger AS $$
DECLARE
    around text[] := ARRAY['company_id', 'mapping_id', 'write_uid', 'write_date'];
    versions integer[] := ARRAY[]::integer[];
    version integer;
    found_state text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - around IS NOT DISTINCT FROM to_jsonb(NEW) - around THEN
            RETURN NEW;
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN versions := versions || OLD.version_id; END IF;
    IF TG_OP <> 'DELETE' THEN versions := versions || NEW.version_id; END IF;
    FOREACH version IN ARRAY versions LOOP
        -- shared lock: nobody submits the version while this line is being written
        EXECUTE format('SELECT state FROM %%I WHERE id = $1 FOR SHARE', TG_ARGV[0])
           INTO found_state USING version;
        IF found_state <> 'draft' THEN
            PERFORM finance_refuse('The lines of a version change in a draft only.');
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_author() RETURNS trigger AS $$
DECLARE
    found_state text;
    version integer := CASE TG_OP WHEN 'INSERT' THEN NEW.version_id
                                  ELSE OLD.version_id END;
BEGIN
    EXECUTE format('SELECT state FROM %%I WHERE id = $1', TG_ARGV[0])
       INTO found_state USING version;
    IF found_state IS NULL THEN RETURN OLD; END IF;  -- the draft itself was deleted
    IF TG_OP <> 'INSERT' OR found_state <> 'draft' THEN
        PERFORM finance_refuse('Who wrote a version stays written.');
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_governed() RETURNS trigger AS $$
DECLARE
    defining text[] := string_to_array(TG_ARGV[2], ' ');
    name text;
    decided boolean;
BEGIN
    FOREACH name IN ARRAY defining LOOP
        IF to_jsonb(OLD) -> name IS DISTINCT FROM to_jsonb(NEW) -> name THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %%I WHERE %%I = $1'
                           ' AND state <> ''draft'')', TG_ARGV[0], TG_ARGV[1])
               INTO decided USING OLD.id;
            IF decided THEN
                PERFORM finance_refuse(name || ' is part of what was approved.');
            END IF;
        END IF;
    END LOOP;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION finance_guard_truncate() RETURNS trigger AS $$
BEGIN
    PERFORM finance_refuse('Versions are not emptied.');
    RETURN NULL;
END $$ LANGUAGE plpgsql;
"""
ANY = SQL("INSERT OR UPDATE OR DELETE")
UPDATE = SQL("UPDATE")


def install(cr, tables: dict[str, str], parent_column: str, defining, installer: int):
    """Create the functions and the triggers on ``tables``: the table names of the
    ``governed``, its ``version``, its ``line`` and the version's ``author``.

    ``installer`` is the user that installs addons: the only one who may approve what
    he wrote, which is what addons ship. Idempotent.
    """
    steps = " ".join(f"{old}>{new}" for old in VERSION for new in sorted(VERSION[old]))
    cr.execute(FUNCTIONS, {"steps": steps, "installer": installer})
    version = tables["version"]
    _trigger(cr, version, "version", ANY, tables["author"])
    _trigger(cr, tables["line"], "line", ANY, version)
    _trigger(cr, tables["author"], "author", ANY, version)
    columns = " ".join(defining)
    _trigger(
        cr, tables["governed"], "governed", UPDATE, version, parent_column, columns
    )
    for kind in ("version", "line", "author"):
        _refuse_truncate(cr, tables[kind])


def _trigger(cr, table: str, kind: str, events: SQL, *arguments: str):
    name = SQL.identifier(f"finance_guard_{kind}")
    target = SQL.identifier(table)
    cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", name, target))
    cr.execute(
        SQL(
            "CREATE TRIGGER %s BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION %s(%s)",
            name,
            events,
            target,
            name,
            SQL(", ").join(SQL("%s", argument) for argument in arguments),
        )
    )
    # also in a session that says it replicates
    cr.execute(SQL("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", target, name))


def _refuse_truncate(cr, table: str):
    target = SQL.identifier(table)
    cr.execute(SQL("DROP TRIGGER IF EXISTS finance_guard_truncate ON %s", target))
    cr.execute(
        SQL(
            "CREATE TRIGGER finance_guard_truncate BEFORE TRUNCATE ON %s"
            " FOR EACH STATEMENT EXECUTE FUNCTION finance_guard_truncate()",
            target,
        )
    )
