// Keeps the modules a learner chose on this device, and what they do in them without a connection until it can be sent.
//
// Copies lie in a cache for each module, named by this script's version and by whose they are; a module's manifest lies
// with them. What waits lies in a database. Copies are handed out only to the person whose they are: answers of the
// site say for whom they were made (Kept-For), and somebody else's coming removes the copies. What waits stays until
// the same person is back. Signing out removes all of it. Nothing else is ever kept: every other page needs a connection.

const VERSION = 'VERSION-OF-THIS-SCRIPT'; // put in when the application starts
const PREFIX = 'kept/';
const MANIFEST = '/manifest';
const NOBODY = 'nobody';
const READ_PATIENCE = 5000;
const SEND_PATIENCE = 15000;
const AT_ONCE = 20;
const DOINGS = ['answer', 'continue', 'summary', 'skip', 'reflect', 'report'];
const TALK = 'talk';
const NAMED_BY_CONTENT = /^\/(static|media)\//;
const STEP = /^\/learn\/\d+\/step\/([^/]+)(\/conversation)?$/;

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('kept', 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('waiting', { keyPath: 'id' });
      asked.result.createObjectStore('facts');
    };
    asked.onsuccess = () => {
      // Signing out removes the database while this script may still run.
      asked.result.onversionchange = () => { asked.result.close(); opened = undefined; };
      asked.result.onclose = () => { opened = undefined; };
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

async function within(mode, work) {
  const transaction = (await database()).transaction(['waiting', 'facts'], mode);
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  const [outcome] = await Promise.all([work(transaction.objectStore('waiting'), transaction.objectStore('facts')), done]);
  return outcome;
}

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const fact = (name) => within('readonly', (_waiting, facts) => asked(facts.get(name)));
const remember = (name, value) => within('readwrite', (_waiting, facts) => asked(facts.put(value, name)));
const versionOf = (enrolment, step) => `version/${enrolment}/${step}`;
const wayOf = (enrolment, step) => `way/${enrolment}/${step}`;

async function waitingItems() {
  const items = await within('readonly', (waiting) => asked(waiting.getAll()));
  return items.sort((one, other) => one.at - other.at);
}

async function owner() {
  const known = await fact('owner');
  return known && known !== NOBODY ? known : undefined;
}

// Somebody else is here: what was kept for others goes. `names` are all the names of the person, today's first.
async function nowFor(names) {
  await remember('owner', names[0]);
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && !names.some((one) => name.split('/')[2] === one)) {
      await caches.delete(name);
    }
  }
}

async function look(answer) {
  const whose = answer.headers.get('Kept-For');
  if (whose === NOBODY) {
    await remember('owner', NOBODY);
  } else if (whose && whose !== await fact('owner')) {
    await nowFor([whose]);
  }
}

async function forgetAll() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX)) {
      await caches.delete(name);
    }
  }
  await within('readwrite', (waiting, facts) => Promise.all([asked(waiting.clear()), asked(facts.clear())]));
}
