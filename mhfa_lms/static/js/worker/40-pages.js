// Pages as they are asked for: from the network where it answers, else a copy.

const late = (patience) => new Promise((_resolve, reject) => {
  setTimeout(() => reject(new Error('no answer in time')), patience);
});

async function open(event, path) {
  const copy = path === '/help' ? await helpCopy() : await copyOf(path);
  try {
    const network = fetch(event.request);
    network.catch(() => {});
    const answer = await (copy ? Promise.race([network, late(READ_PATIENCE)]) : network);
    if (copy && answer.status >= 502) {
      return copy;
    }
    await look(answer);
    if (answer.ok) {
      event.waitUntil(send().catch(() => {}));
    }
    return answer;
  } catch (error) {
    const instead = copy || await insteadOf(path);
    if (instead) {
      return instead;
    }
    throw error;
  }
}

async function doOnStep(event, module, path) {
  const step = decodeURIComponent(path.match(STEP)[2]);
  const again = event.request.clone();
  try {
    await send();
    const items = await waitingItems();
    if (items.some((item) => item.step === step && item.enrolment === module.manifest.enrolment)) {
      throw new Error('what was done before it has to go first');
    }
    const answer = await Promise.race([fetch(event.request), late(SEND_PATIENCE)]);
    event.waitUntil(refresh(module).catch(() => {}));
    return answer;
  } catch {
    const form = await again.formData();
    if (!DOINGS.includes(form.get('do')) || form.has('language')) {
      return await insteadOf(path) || Response.error();
    }
    if (form.get('do') === 'answer' && !form.getAll('choice').some(Boolean)) {
      return Response.redirect(path, 303);
    }
    await wait(module, step, form);
    return Response.redirect(after(module.manifest, path, form), 303);
  }
}

// Where to go on: an answer shows its feedback, a summary asked for on the real page shows the summary.
function after(manifest, path, form) {
  if (form.get('do') === 'answer') {
    return `${path}#feedback`;
  }
  if (form.get('do') === 'reflect' || (form.get('do') === 'summary' && !form.has('on'))) {
    return path;
  }
  return manifest.steps[manifest.steps.indexOf(path) + 1] || manifest.contents;
}

async function signOut(request) {
  await send().catch(() => {});
  const answer = await fetch(request);
  if (answer.type === 'opaqueredirect' || answer.redirected) {
    await forgetAll().catch(() => {});
  }
  return answer;
}

async function visit(event, path) {
  if (event.request.method === 'GET') {
    return open(event, path);
  }
  if (path === '/sign-out') {
    return signOut(event.request);
  }
  const module = STEP.test(path) && await moduleWith(path);
  return module ? doOnStep(event, module, path) : fetch(event.request);
}

// Style, scripts, pictures, sound and film have names that say their content: a copy is as good as new.
async function file(request, path) {
  return await caches.match(path) || fetch(request);
}

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) {
    return;
  }
  if (request.mode === 'navigate') {
    event.respondWith(visit(event, pathname));
  } else if (request.method === 'GET' && NAMED_BY_CONTENT.test(pathname)) {
    event.respondWith(file(request, pathname));
  }
});

const JOBS = {
  keep: ({ address, media }) => keep(address, Boolean(media)),
  remove: async ({ address }) => {
    for (const { name, manifest } of await keptModules()) {
      if (manifest.address === address) {
        await caches.delete(name);
      }
    }
    return { kept: false };
  },
  send: async () => state(await send()),
  state: () => state(),
};

addEventListener('message', (event) => {
  const job = JOBS[event.data.do];
  if (job) {
    event.waitUntil(job(event.data).catch(() => ({ failed: true })).then((found) => event.ports[0]?.postMessage(found)));
  }
});

addEventListener('install', () => skipWaiting());

addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${VERSION}/`)) {
      await caches.delete(name);
    }
  }
  await clients.claim();
})()));
