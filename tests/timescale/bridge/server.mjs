// A PostgreSQL server in front of TimescaleDB in WebAssembly, which is one backend.
//
//   node server.mjs [--port 0] [--data DIR] [--database NAME] [--unloaded]
//
// Prints "READY port" when it listens on 127.0.0.1 and ends when its standard input does. Clients
// take turns between transactions; each keeps its user, settings, role and statement names. Locks
// of sessions, temporary tables and NOTIFY are shared. A client that stays in a transaction while
// others wait for more than 20 s is disconnected: it waits for one of them.
import net from 'node:net';
import { parseArgs } from 'node:util';
import { Backend, identifier, literal } from './backend.mjs';
import * as wire from './wire.mjs';

const PATIENCE_MS = 20_000;
const COPY_IN = /^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*copy\b[\s\S]*\bfrom\s+stdin\b/i;
const REPORTED = ['server_version', 'server_encoding', 'client_encoding', 'application_name',
  'is_superuser', 'session_authorization', 'DateStyle', 'IntervalStyle', 'TimeZone',
  'integer_datetimes', 'standard_conforming_strings', 'in_hot_standby',
  'default_transaction_read_only', 'scram_iterations', 'search_path'];

const { values: options } = parseArgs({ options: {
  port: { type: 'string', default: '0' }, data: { type: 'string' }, database: { type: 'string' },
  unloaded: { type: 'boolean', default: false } } });
const failed = (error) => {
  console.error(`FATAL ${error?.stack ?? error}`);
  process.exit(70);
};
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);

const backend = await Backend.start({ ...options, failed });
let clients = 0;

class Client {
  constructor(socket) {
    this.socket = socket;
    this.id = ++clients;
    this.held = Buffer.alloc(0);
    this.batch = [];
    this.unnamed = null;
    this.copy = null;
    this.gone = false;
    this.user = null;
    this.settings = {};
    this.active = Date.now();
    let turn = Promise.resolve();
    const then = (work) => { turn = turn.then(work).catch(failed); };
    socket.setNoDelay(true);
    socket.on('data', (bytes) => then(() => this.receive(bytes)));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.gone = true;
      then(() => this.leave());
    });
  }

  send(bytes) {
    if (!this.gone && bytes.length) this.socket.write(bytes);
  }

  refuse(sqlstate, words) {
    this.send(wire.fatal(sqlstate, words));
    this.socket.end();
    this.gone = true;
  }

  async receive(bytes) {
    this.active = Date.now();
    this.held = this.held.length ? Buffer.concat([this.held, bytes]) : bytes;
    while (!this.gone) {
      const start = this.user === null ? 0 : 1;
      if (this.held.length < start + 4) return;
      const end = start + this.held.readInt32BE(start);
      if (this.held.length < end) return;
      const one = this.held.subarray(0, end);
      this.held = this.held.subarray(end);
      if (this.user === null) await this.login(one);
      else await this.handle(one);
    }
  }

  async login(packet) {
    const code = packet.readInt32BE(4);
    if (code === wire.SSL_REQUEST || code === wire.GSS_REQUEST) return this.send(Buffer.from('N'));
    if (code === wire.CANCEL_REQUEST) return void this.socket.destroy();
    const said = wire.startupParameters(packet);
    const database = said.database || said.user;
    if (database !== backend.database) {
      return this.refuse('3D000', `database ${identifier(database)} does not exist: this server `
        + `has ${identifier(backend.database)} only`);
    }
    this.user = 'postgres';
    await backend.take(this);
    const [role] = wire.rows(await backend.run(wire.query(
      `SELECT oid FROM pg_roles WHERE rolcanlogin AND rolname = ${literal(said.user)}`)));
    if (!role) {
      this.refuse('28000', `role ${identifier(said.user)} does not exist or may not log in`);
      return backend.release(this);
    }
    const own = wire.rows(await backend.run(wire.query(
      `SELECT unnest(setconfig) FROM pg_db_role_setting AS s WHERE setrole IN (0, ${role[0]})
       AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`)));
    this.settings = Object.fromEntries(
      own.map(([setting]) => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)]));
    Object.assign(this.settings, wire.startupSettings(said));
    this.user = said.user;
    const answer = await backend.run(wire.query(backend.setup(this)));
    const wrong = [...wire.messages(answer)].find((one) => wire.typeOf(one) === 'E');
    if (wrong) {
      this.send(wrong);
      this.socket.end();
      this.gone = true;
      return backend.release(this);
    }
    const values = wire.rows(await backend.run(wire.query(
      REPORTED.map((name) => `SELECT ${literal(name)}, current_setting(${literal(name)}, true)`).join(' UNION ALL '))));
    const key = Buffer.alloc(8);
    key.writeInt32BE(this.id, 0);
    this.send(Buffer.concat([
      wire.authenticated, ...values.map(([name, value]) => wire.parameter(name, value ?? '')),
      wire.message('K', key), wire.readyForQuery('I')]));
    backend.release(this);
  }

  async handle(one) {
    const type = wire.typeOf(one);
    if (this.copy) return this.copying(type, one);
    if (type === 'X') return void this.socket.end();
    backend.note(this, one);
    if (type === 'Q') {
      await backend.take(this);
      if (COPY_IN.test(wire.statementOf(one))) return this.beginCopy(Buffer.from(one));
      this.send(await backend.run(one));
      return backend.release(this);
    }
    this.batch.push(wire.renamed(Buffer.from(one), `c${this.id}_`));
    if (wire.parsesUnnamed(one)) this.unnamed = Buffer.from(one);
    if (type !== 'S' && type !== 'H') return;
    const mine = backend.owner === this;
    await backend.take(this);
    const batch = this.batch;
    this.batch = [];
    // Libpq prepares in one turn and describes in the next: others may have had theirs between.
    if (!mine && this.unnamed && wire.usesUnnamed(batch[0])) {
      await backend.run(Buffer.concat([this.unnamed, wire.sync]));
    }
    for await (const answer of backend.runAll(batch)) this.send(answer);
    if (type === 'S') backend.release(this);
  }

  async beginCopy(statement) {
    const { begins, answer } = await backend.probeCopy(statement);
    if (begins) {
      this.copy = [statement];
      return this.send(begins);
    }
    this.send(answer);
    backend.release(this);
  }

  async copying(type, one) {
    if (type === 'd') return void this.copy.push(Buffer.from(one));
    if (type !== 'c' && type !== 'f') return; // Flush and Sync mean nothing inside a COPY
    const all = Buffer.concat([...this.copy, one]);
    this.copy = null;
    const answer = await backend.run(all);
    this.send(Buffer.concat([...wire.messages(answer)].filter((m) => wire.typeOf(m) !== 'G')));
    backend.release(this);
  }

  async leave() {
    if (backend.owner === this) {
      if (backend.status !== 'I') await backend.run(wire.query('ROLLBACK'));
      backend.release(this);
    }
    if (this.user !== null) await this.forget();
    backend.leave(this);
  }

  async forget() {
    const nobody = { user: 'postgres', settings: {} };
    await backend.take(nobody);
    const names = wire.rows(await backend.run(wire.query(
      `SELECT name FROM pg_prepared_statements WHERE name LIKE 'c${this.id}\\_%'`)));
    if (names.length) {
      await backend.run(wire.query(names.map(([name]) => `DEALLOCATE ${identifier(name)}`).join('; ')));
    }
    backend.release(nobody);
    backend.leave(nobody);
  }
}

setInterval(() => {
  const [first] = backend.waiting;
  const { owner } = backend;
  if (!first || !owner?.socket || Date.now() - first.since < PATIENCE_MS) return;
  if (backend.status !== 'I' && Date.now() - owner.active > PATIENCE_MS) {
    owner.refuse('25P03', 'a transaction was idle while others waited for the only backend');
    owner.socket.destroy();
  }
}, 1000).unref();

const server = net.createServer((socket) => new Client(socket));
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`READY ${server.address().port}`);
});

let stopping = false;
const stop = async () => {
  if (stopping) return;
  stopping = true;
  server.close();
  await backend.close().catch(() => {});
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop);
process.stdin.resume();
