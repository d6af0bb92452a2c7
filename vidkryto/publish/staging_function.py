"""The trigger function of a staging table: what each step does to the target, all in the request's transaction.

The words for search are computed for all rows of a step at once, as CKAN's own trigger computes them row by
row (a third of the time); where a portal's administrators added triggers of their own, that is left to CKAN.

`begin` and `swap` build the table anew: rows of the steps between go into a copy without indexes, `swap` adds
the rows that stay, makes the indexes, and gives the copy the place of the old table, with its name, numbers,
dictionary, indexes, triggers, rights and aliases. Readers wait for no more than that last moment.

`mark` keeps in the staging table what the table's rows were as the transaction left them: their number, a sum over
each row's `_id` and the transaction that wrote it last (`xmin`), and a hash of the columns (a column that was dropped
and made again has another number). `same` refuses the request when that is no longer so: not one row was written,
added or removed since, no column came or went. It also keeps other writers out until the transaction ends, so that
`mark` notes what this transaction left and nothing else; readers are not kept waiting. Reading 1 M rows for it takes
PostgreSQL a fraction of a second. `change` and `remove` name rows by their key, for a difference that was found
without reading the table.
"""

VERSION = 3
"""1: delete, update, insert, begin, swap, expect. 2: same, change, remove, mark as well. 3: `same` and `begin` keep
other writers out, and a mark knows the columns."""

FUNCTION = """
DECLARE
  target constant text := '"{target}"';
  fresh constant text := '"{target}_new"';
  place text := target;
  state_of constant text := 'SELECT count(*) || '':'' || coalesce(sum(hashint8extended(_id, xmin::text::bigint)), 0)
      || '':'' || (SELECT md5(string_agg(concat_ws('' '', attnum, atttypid, attname), '','' ORDER BY attnum))
                   FROM pg_attribute
                  WHERE attrelid = ' || quote_literal(target) || '::regclass AND attnum > 0 AND NOT attisdropped)
    FROM ' || target;
  alone constant text := 'LOCK TABLE ' || target || ' IN SHARE ROW EXCLUSIVE MODE';
  names text; sets text; words text; touched bigint; item record; indexes json; views json; sequence text;
  keys text; state text; written json := '[]';
BEGIN
  IF TG_TABLE_NAME <> '{staging}' THEN
    RAISE EXCEPTION 'vidkryto: this function belongs to another staging table';
  END IF;
  IF to_regclass(fresh) IS NOT NULL THEN place := fresh; END IF;
  SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum),
         string_agg(format('%I = d.%I', attname, attname), ', ' ORDER BY attnum),
         string_agg(CASE WHEN atttypid IN ('text'::regtype, 'int8'::regtype, 'int4'::regtype, 'numeric'::regtype)
                         THEN format('d.%I::text', attname) ELSE format('to_json(d.%I) #>> ''{}''', attname) END,
                    ', ' ORDER BY attnum)
    INTO names, sets, words FROM pg_attribute
   WHERE attrelid = target::regclass AND attnum > 0 AND NOT attisdropped AND left(attname, 1) <> '_';
  words := 'to_tsvector(array_to_string(ARRAY[' || words || ']::text[], '' ''))';
  IF EXISTS (SELECT FROM pg_trigger
              WHERE tgrelid = target::regclass AND NOT tgisinternal AND tgname <> 'zfulltext') THEN
    words := 'NULL';
    IF NEW.op IN ('begin', 'swap') THEN RETURN NULL; END IF;
  END IF;

  IF NEW.op = 'delete' THEN
    EXECUTE format('DELETE FROM %s WHERE _id IN (SELECT value::bigint FROM json_array_elements_text($1::json))', target)
      USING NEW.payload;
  ELSIF NEW.op = 'update' AND place = target THEN
    EXECUTE format('UPDATE %s t SET %s, _full_text = %s FROM json_populate_recordset(NULL::%s, $1::json) d
                     WHERE t._id = d._id', target, sets, words, target) USING NEW.payload;
    GET DIAGNOSTICS touched = ROW_COUNT;
    IF touched <> json_array_length(NEW.payload::json) THEN
      RAISE EXCEPTION 'vidkryto: % rows to change, % found', json_array_length(NEW.payload::json), touched;
    END IF;
  ELSIF NEW.op = 'update' THEN
    EXECUTE format('INSERT INTO %s (_id, %s, _full_text)
                      SELECT _id, %s, %s FROM json_populate_recordset(NULL::%s, $1::json) d',
                   fresh, names, names, words, fresh) USING NEW.payload;
  ELSIF NEW.op = 'insert' THEN
    EXECUTE format('INSERT INTO %s (%s, _full_text)
                      SELECT %s, %s FROM json_populate_recordset(NULL::%s, $1::json) d',
                   place, names, names, words, place) USING NEW.payload;
  ELSIF NEW.op = 'begin' THEN
    EXECUTE alone;
    sequence := pg_get_serial_sequence(target, '_id');
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING COMMENTS)', fresh, target);
    EXECUTE format('ALTER TABLE %s ALTER _id SET DEFAULT nextval(%L)', fresh, sequence);
  ELSIF NEW.op = 'swap' THEN
    EXECUTE format('INSERT INTO %s (_id, %s, _full_text) SELECT _id, %s, _full_text FROM %s t
                     WHERE NOT EXISTS (SELECT FROM %s n WHERE n._id = t._id)', fresh, names, names, target, fresh);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT "{target}_new_pkey" PRIMARY KEY (_id)', fresh);
    SELECT coalesce(json_agg(json_build_object(
             'was', c.relname, 'made', 'vidkryto_' || md5(c.relname),
             'kind', CASE WHEN indisunique THEN 'UNIQUE' ELSE '' END,
             'rest', substring(pg_get_indexdef(c.oid) FROM ' USING .*$'))), '[]') INTO indexes
      FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE indrelid = target::regclass AND NOT indisprimary;
    FOR item IN SELECT * FROM json_to_recordset(indexes) AS i(was text, made text, kind text, rest text) LOOP
      EXECUTE format('CREATE %s INDEX %I ON %s %s', item.kind, item.made, fresh, item.rest);
    END LOOP;
    FOR item IN SELECT privilege_type AS may, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS who
                  FROM pg_class, aclexplode(relacl) WHERE oid = target::regclass AND grantee <> relowner LOOP
      EXECUTE format('GRANT %s ON %s TO %s', item.may, fresh, item.who);
    END LOOP;
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target::regclass AND tgname = 'zfulltext') THEN
      EXECUTE format('CREATE TRIGGER zfulltext BEFORE INSERT OR UPDATE ON %s
                        FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()', fresh);
    END IF;
    sequence := pg_get_serial_sequence(target, '_id');
    SELECT coalesce(json_object_agg(oid::regclass::text, pg_get_viewdef(oid)), '{}') INTO views
      FROM pg_class
     WHERE relkind = 'v' AND oid IN (SELECT ev_class FROM pg_depend JOIN pg_rewrite r ON r.oid = objid
                                      WHERE classid = 'pg_rewrite'::regclass AND refobjid = target::regclass);
    -- From here readers wait.
    FOR item IN SELECT * FROM json_each_text(views) LOOP
      EXECUTE format('DROP VIEW %s', item.key);
    END LOOP;
    EXECUTE format('ALTER SEQUENCE %s OWNED BY %s._id', sequence, fresh);
    EXECUTE format('DROP TABLE %s', target);
    EXECUTE format('ALTER TABLE %s RENAME TO %s', fresh, target);
    ALTER INDEX "{target}_new_pkey" RENAME TO "{target}_pkey";
    FOR item IN SELECT * FROM json_to_recordset(indexes) AS i(was text, made text) LOOP
      EXECUTE format('ALTER INDEX %I RENAME TO %I', item.made, item.was);
    END LOOP;
    FOR item IN SELECT * FROM json_each_text(views) LOOP
      EXECUTE format('CREATE VIEW %s AS %s', item.key, item.value);
    END LOOP;
  ELSIF NEW.op = 'same' THEN
    EXECUTE alone;
    EXECUTE state_of INTO state;
    IF state IS DISTINCT FROM NEW.payload THEN
      RAISE EXCEPTION 'vidkryto: the table is not as it was left';
    END IF;
  ELSIF NEW.op IN ('change', 'remove') THEN
    SELECT string_agg(format('t.%I = d.%I', name, name), ' AND ') INTO keys
      FROM json_array_elements_text(NEW.payload::json -> 'key') AS k(name);
    EXECUTE format(CASE NEW.op
                     WHEN 'change' THEN 'UPDATE %1$s t SET %3$s, _full_text = %4$s
                                           FROM json_populate_recordset(NULL::%1$s, $1) d WHERE %2$s'
                     ELSE 'DELETE FROM %1$s t USING json_populate_recordset(NULL::%1$s, $1) d WHERE %2$s' END,
                   target, keys, sets, words) USING NEW.payload::json -> 'rows';
    GET DIAGNOSTICS touched = ROW_COUNT;
    IF touched <> json_array_length(NEW.payload::json -> 'rows') THEN
      RAISE EXCEPTION 'vidkryto: % rows to %, % found',
        json_array_length(NEW.payload::json -> 'rows'), NEW.op, touched;
    END IF;
  ELSIF NEW.op = 'mark' THEN
    EXECUTE state_of INTO state;
    IF (NEW.payload::json ->> 'written')::boolean THEN
      EXECUTE format('SELECT coalesce(json_agg(_id), ''[]'') FROM %s WHERE xmin = $1', target) INTO written
        USING (txid_current() % (2 ^ 32)::bigint)::text::xid;
    END IF;
    EXECUTE format('DELETE FROM %I', TG_TABLE_NAME);
    NEW.payload := json_build_object('sha256', NEW.payload::json ->> 'sha256', 'state', state, 'written', written);
    RETURN NEW;
  ELSIF NEW.op = 'expect' THEN
    EXECUTE format('SELECT count(*) FROM %s', target) INTO touched;
    IF touched <> NEW.payload::bigint THEN
      RAISE EXCEPTION 'vidkryto: % rows expected, % found', NEW.payload, touched;
    END IF;
  ELSE
    RAISE EXCEPTION 'vidkryto: unknown step %', NEW.op;
  END IF;
  RETURN NULL;
END;
"""
