// What a learner did without a connection: kept until it is sent, and sent once.

async function wait({ manifest }, step, form) {
  const whose = manifest.owner;
  const item = {
    id: crypto.randomUUID(),
    at: Date.now(),
    owner: whose,
    enrolment: manifest.enrolment,
    step,
    does: form.get('do'),
    fields: [...form].filter(([name, value]) => typeof value === 'string' && !['csrf_token', 'do', 'on'].includes(name)),
  };
  await within('readwrite', async (waiting, facts) => {
    item.version = await asked(facts.get(versionOf(item.enrolment, step))) || 0;
    // A later answer to the same question replaces one that still waits, unless words were written beside that.
    for (const old of await asked(waiting.getAll())) {
      if (old.owner === whose && old.enrolment === item.enrolment && old.step === step && old.does === item.does
        && !old.fields.some(([name]) => name === 'reflection')) {
        waiting.delete(old.id);
      }
    }
    waiting.put(item);
  });
  await tell();
}

// One after the other, however many windows ask for it.
const send = () => navigator.locks.request('send', async () => {
  if (!(await waitingItems()).length) {
    return '';
  }
  const session = await fetch('/learn/waiting', { redirect: 'manual', cache: 'no-store' });
  if (session.type === 'opaqueredirect') {
    await remember('owner', NOBODY);
    await tell('signed-out');
    return 'signed-out';
  }
  if (!session.ok) {
    return '';
  }
  const { owners, token } = await session.json();
  await nowFor(owners);
  const mine = (await waitingItems()).filter((item) => owners.includes(item.owner));
  let said = mine.length ? 'sent' : '';
  for (const enrolment of new Set(mine.map((item) => item.enrolment))) {
    const items = mine.filter((item) => item.enrolment === enrolment);
    for (let first = 0; first < items.length; first += AT_ONCE) {
      said = await sendSome(enrolment, items.slice(first, first + AT_ONCE), token) || said;
    }
  }
  await tell(said);
  return said;
});

// Returns what to say when something did not go as it should.
async function sendSome(enrolment, items, token) {
  const answer = await fetch(`/learn/${enrolment}/waiting`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token, Accept: 'application/json' },
    body: JSON.stringify({ items: items.map(({ id, step, does, fields, version }) => ({ id, step, does, fields, version })) }),
  });
  if (!answer.ok) {
    return 'elsewhere';
  }
  const { received } = await answer.json();
  await within('readwrite', async (waiting, facts) => {
    for (const { id, step, version } of received) {
      waiting.delete(id);
      if (version !== undefined) {
        facts.put(version, versionOf(enrolment, step));
      }
    }
    // What was done while this was on its way is based on it.
    for (const item of await asked(waiting.getAll())) {
      const newer = received.find((one) => one.step === item.step && item.enrolment === enrolment && one.version !== undefined);
      if (newer && !received.some((one) => one.id === item.id)) {
        waiting.put({ ...item, version: newer.version });
      }
    }
  });
  const became = received.map((one) => one.arrival);
  return became.includes('clash') ? 'clash' : became.includes('refused') ? 'refused' : '';
}

async function state(said = '') {
  const whose = await owner();
  const items = await waitingItems();
  const mine = items.filter((item) => item.owner === whose);
  const modules = await keptModules();
  return {
    said: !whose && items.length ? 'signed-out' : said,
    count: whose ? mine.length : items.length,
    items: mine,
    modules: modules.map(({ manifest }) => ({ title: manifest.title, href: manifest.contents, address: manifest.address })),
  };
}

async function tell(said) {
  const now = await state(said);
  for (const client of await clients.matchAll({ includeUncontrolled: true })) {
    client.postMessage(now);
  }
}
