// PostgreSQL's wire protocol, version 3: as much of it as stands between a client and the bridge.

export const SSL_REQUEST = 80877103;
export const GSS_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** One message: its type, its length, its body. */
export function message(type, body = Buffer.alloc(0)) {
  const made = Buffer.alloc(5 + body.length);
  made.write(type, 0, 'latin1');
  made.writeInt32BE(4 + body.length, 1);
  body.copy(made, 5);
  return made;
}

export const text = (value) => Buffer.from(`${value}\0`);
export const query = (statement) => message('Q', text(statement));
export const sync = message('S');
export const copyFail = message('f', text('only asked whether it may begin'));
export const readyForQuery = (status) => message('Z', Buffer.from(status, 'latin1'));
export const parameter = (name, value) => message('S', Buffer.from(`${name}\0${value}\0`));
export const authenticated = message('R', Buffer.from([0, 0, 0, 0]));
export const fatal = (sqlstate, words) =>
  message('E', Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${words}\0\0`));

/** The messages of a buffer that holds whole ones. */
export function* messages(buffer) {
  for (let at = 0; at + 5 <= buffer.length; ) {
    const end = at + 1 + buffer.readInt32BE(at + 1);
    yield buffer.subarray(at, end);
    at = end;
  }
}

export const typeOf = (one) => String.fromCharCode(one[0]);

/** Parameters of a startup message: user, database, options and the rest. */
export function startupParameters(packet) {
  const words = packet.subarray(8).toString().split('\0');
  const found = {};
  for (let at = 0; at + 1 < words.length && words[at]; at += 2) found[words[at]] = words[at + 1];
  return found;
}

/** Settings of a startup message: those of its own, then `-c name=value` of its options. */
export function startupSettings({ user: _user, database: _database, replication: _, options, ...own }) {
  const settings = { ...own };
  const words = (options ?? '').match(/(?:\\.|\S)+/g) ?? [];
  for (let at = 0; at < words.length; at++) {
    let word = words[at].replace(/\\(.)/g, '$1');
    if (word === '-c') word = (words[++at] ?? '').replace(/\\(.)/g, '$1');
    else word = word.replace(/^(-c|--)/, '');
    const cut = word.indexOf('=');
    if (cut > 0) settings[word.slice(0, cut)] = word.slice(cut + 1);
  }
  return settings;
}

/** The values of the first column of every DataRow of an answer, as text or null. */
export function rows(answer) {
  const found = [];
  for (const one of messages(answer)) {
    if (typeOf(one) !== 'D') continue;
    const row = [];
    for (let n = one.readInt16BE(5), at = 7; n > 0; n--) {
      const length = one.readInt32BE(at);
      row.push(length < 0 ? null : one.subarray(at + 4, at + 4 + length).toString());
      at += 4 + Math.max(length, 0);
    }
    found.push(row);
  }
  return found;
}

/** Names of prepared statements and portals belong to one client; here they share a backend. */
export function renamed(one, prefix) {
  const end = (at) => one.indexOf(0, at);
  const named = (name) => (name.length ? Buffer.concat([Buffer.from(prefix), name]) : name);
  const type = typeOf(one);
  if (type === 'P') {
    const cut = end(5);
    return message('P', Buffer.concat([named(one.subarray(5, cut)), one.subarray(cut)]));
  }
  if (type === 'B') {
    const portal = end(5);
    const cut = end(portal + 1);
    const zero = Buffer.from([0]);
    return message('B', Buffer.concat([
      named(one.subarray(5, portal)), zero, named(one.subarray(portal + 1, cut)), one.subarray(cut)]));
  }
  if (type === 'E') {
    const cut = end(5);
    return message('E', Buffer.concat([named(one.subarray(5, cut)), one.subarray(cut)]));
  }
  if (type === 'D' || type === 'C') {
    const name = one.subarray(6, one.length - 1);
    return message(type, Buffer.concat([one.subarray(5, 6), named(name), Buffer.from([0])]));
  }
  return one;
}

/** Whether a message parses the statement without a name. */
export const parsesUnnamed = (one) => typeOf(one) === 'P' && one[5] === 0;

/** Whether a message uses the statement without a name, parsed earlier. */
export function usesUnnamed(one) {
  const type = typeOf(one);
  if (type === 'B') return one[one.indexOf(0, 5) + 1] === 0;
  return type === 'D' && String.fromCharCode(one[5]) === 'S' && one[6] === 0;
}

/** The statements that a message carries, to look whether they change the session. */
export function statementOf(one) {
  const type = typeOf(one);
  if (type === 'Q') return one.subarray(5, one.length - 1).toString();
  if (type !== 'P') return '';
  const name = one.indexOf(0, 5);
  return one.subarray(name + 1, one.indexOf(0, name + 1)).toString();
}
