// The copies of pages and files, by module.

async function keptModules() {
  const whose = await owner();
  const found = [];
  for (const name of whose ? await caches.keys() : []) {
    if (name.startsWith(`${PREFIX}${VERSION}/${whose}/`)) {
      const cache = await caches.open(name);
      const manifest = await cache.match(MANIFEST);
      if (manifest) {
        found.push({ name, cache, manifest: await manifest.json() });
      }
    }
  }
  return found;
}

async function copyOf(path) {
  for (const { cache } of await keptModules()) {
    const copy = await cache.match(path);
    if (copy) {
      return copy;
    }
  }
}

// Help now, and the page that says that nothing was sent, are nobody's secret: whoever holds the device gets a copy.
async function anybodysCopy(path) {
  for (const name of await caches.keys()) {
    const copy = name.startsWith(PREFIX) && await (await caches.open(name)).match(path);
    if (copy) {
      return copy;
    }
  }
}

// What to show for a page that was not kept: the contents of a module of the same course, or of any.
async function insteadOf(path) {
  const modules = await keptModules();
  const near = modules.find(({ manifest }) => path.startsWith(`/learn/${manifest.enrolment}`)) || modules[0];
  return near && near.cache.match(near.manifest.contents);
}

async function moduleWith(path) {
  return (await keptModules()).find(({ manifest }) => path in manifest.pages);
}

async function keep(address, withMedia) {
  const answer = await fetch(address, { redirect: 'manual', cache: 'no-store' });
  if (!answer.ok) {
    return { kept: false };
  }
  const manifest = await answer.json();
  const name = `${PREFIX}${VERSION}/${manifest.owner}/${manifest.enrolment}/${manifest.module}`;
  const fresh = `${name}/new`;
  try {
    await caches.delete(fresh);
    const cache = await caches.open(fresh);
    await Promise.all(Object.entries(manifest.pages).map(([path, from]) => copyTo(cache, path, from)));
    const files = [...manifest.assets, ...(withMedia ? manifest.media : [])];
    await Promise.all(files.map((path) => copyTo(cache, path, path)));
    await remember('owner', manifest.owner);
    await noteVersions(manifest);
    manifest.withMedia = withMedia;
    await cache.put(MANIFEST, new Response(JSON.stringify(manifest)));
    // Only whole copies count: an older one stays until then.
    await caches.delete(name);
    const final = await caches.open(name);
    for (const request of await cache.keys()) {
      await final.put(request, await cache.match(request));
    }
  } finally {
    await caches.delete(fresh);
  }
  return { kept: true };
}

async function copyTo(cache, path, from) {
  const answer = await fetch(from, { redirect: 'manual', cache: 'no-store' });
  if (!answer.ok) {
    throw new Error(`${from}: ${answer.status}`);
  }
  await cache.put(path, answer);
}

// Which version of each answer, and which way through each conversation, this device knows of. Where something waits on
// a step, what it was based on stays.
async function noteVersions({ enrolment, versions, ways }) {
  await within('readwrite', async (waiting, facts) => {
    const items = await asked(waiting.getAll());
    const held = new Set(items.filter((item) => !item.refused && item.enrolment === enrolment).map((item) => item.step));
    for (const [step, way] of Object.entries(ways)) {
      if (!held.has(step)) {
        facts.put(way, wayOf(enrolment, step));
      }
    }
    for (const [step, version] of Object.entries(versions)) {
      if (!held.has(step)) {
        facts.put(version, versionOf(enrolment, step));
      }
    }
  });
}

async function refresh({ manifest }) {
  const answer = await fetch(manifest.address, { redirect: 'manual', cache: 'no-store' });
  if (answer.ok) {
    await noteVersions(await answer.json());
  }
}
