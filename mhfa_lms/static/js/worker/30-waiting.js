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
      if (!old.refused && old.owner === whose && old.enrolment === item.enrolment && old.step === step && old.does === item.does
        && !old.fields.some(([name]) => name === 'reflection')) {
        waiting.delete(old.id);
      }
    }
    waiting.put(item);
  });
  await tell();
}

// A choice in a conversation, or going back: the whole way waits, in the place of the one that waited before. A form says
// where it was made, by the number of choices before it; one whose place is no longer on the way changes nothing.
async function waitToTalk({ manifest }, step, form) {
  const { enrolment, owner: whose } = manifest;
  const [depth, scene, choice] = [Number(form.get('depth')), form.get('scene'), form.get('choice')];
  await within('readwrite', async (waiting, facts) => {
    const known = await asked(facts.get(wayOf(enrolment, step))) || { way: [], version: 0 };
    const before = known.way.slice(0, depth);
    const back = form.get('do') === 'back';
    if (depth > known.way.length || !(back || choice)) {
      return;
    }
    const way = back ? before : [...before, `${scene}/${choice}`];
    const items = await asked(waiting.getAll());
    const old = items.find((item) => !item.refused && item.owner === whose && item.enrolment === enrolment && item.step === step && item.does === TALK);
    const seen = new Set([...(old ? old.fields[1][1].split(' ').filter(Boolean) : []), ...way]);
    if (old) {
      waiting.delete(old.id);
    }
    // It keeps its place before what was done after it: a step is finished only after its conversation.
    waiting.put({
      id: crypto.randomUUID(), at: old ? old.at : Date.now(), owner: whose, enrolment, step, does: TALK,
      fields: [['way', way.join(' ')], ['seen', [...seen].join(' ')]], version: known.version,
    });
    facts.put({ way, version: known.version }, wayOf(enrolment, step));
  });
  await tell();
}

const written = (item) => item?.fields.find(([name, value]) => ['reflection', 'note'].includes(name) && value.trim())?.[1];

// One after the other, however many windows ask for it.
const send = () => navigator.locks.request('send', async () => {
  if (!(await waitingItems()).some((item) => !item.refused)) {
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
  const mine = (await waitingItems()).filter((item) => !item.refused && owners.includes(item.owner));
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
    const sent = new Map(items.map((item) => [item.id, item]));
    for (const { id, step, version, arrival } of received) {
      const item = sent.get(id);
      if (arrival === 'refused' && written(item)) {
        // Words that could not be kept stay here until the person lets them go.
        waiting.put({ ...item, refused: true });
      } else {
        waiting.delete(id);
      }
      if (sent.get(id)?.does === TALK) {
        const way = await asked(facts.get(wayOf(enrolment, step)));
        facts.put({ ...way, version }, wayOf(enrolment, step));
      } else if (version !== undefined) {
        facts.put(version, versionOf(enrolment, step));
      }
    }
    // What was done while this was on its way is based on it.
    for (const item of await asked(waiting.getAll())) {
      const newer = received.find((one) => one.step === item.step && item.enrolment === enrolment && one.version !== undefined
        && sent.get(one.id)?.does === item.does);
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
  const unkept = mine.filter((item) => item.refused);
  const modules = await keptModules();
  const ways = {};
  for (const { manifest: { enrolment, ways: known } } of modules) {
    for (const step of Object.keys(known)) {
      ways[`${enrolment}/${step}`] = (await fact(wayOf(enrolment, step)))?.way;
    }
  }
  return {
    ways,
    said: !whose && items.length ? 'signed-out' : said,
    count: whose ? mine.length - unkept.length : items.length,
    unkept: unkept.map((item) => ({ id: item.id, enrolment: item.enrolment, words: written(item) })),
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
