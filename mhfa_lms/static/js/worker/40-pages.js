// Pages as they are asked for: from the network where it answers, else a copy.

const late = (patience) => new Promise((_resolve, reject) => {
  setTimeout(() => reject(new Error('no answer in time')), patience);
});

async function open(event, path) {
  const copy = path === '/help' ? await anybodysCopy(path) : await copyOf(path);
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
  const [, name, talks] = path.match(STEP);
  const step = decodeURIComponent(name);
  const again = event.request.clone();
  try {
    await send();
    const items = await waitingItems();
    if (items.some((item) => !item.refused && item.step === step && item.enrolment === module.manifest.enrolment)) {
      throw new Error('what was done before it has to go first');
    }
    const answer = await Promise.race([fetch(event.request), late(SEND_PATIENCE)]);
    event.waitUntil(refresh(module).catch(() => {}));
    return answer;
  } catch {
    const form = await again.formData();
    if (form.has('language') || !(talks || DOINGS.includes(form.get('do')))) {
      return nothingSent(event.request, form);
    }
    if (talks) {
      await waitToTalk(module, step, form);
      return Response.redirect(`${path}#scene`, 303);
    }
    if (form.get('do') === 'answer' && !form.getAll('choice').some(Boolean)) {
      return Response.redirect(path, 303);
    }
    await wait(module, step, form);
    return Response.redirect(after(module.manifest, path, form), 303);
  }
}

const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

// In the place of the browser's error page: that nothing was sent, help, the words, and a button to try again.
async function nothingSent({ url }, form) {
  const { pathname, search } = new URL(url);
  const copy = await anybodysCopy('/offline');
  if (!copy) {
    return Response.error();
  }
  const fields = [...form].filter(([, value]) => typeof value === 'string');
  const secret = fields.length < [...form].length || fields.some(([name]) => /passw|code|secret/i.test(name));
  const words = secret ? [] : fields.filter(([name, value]) => name !== 'csrf_token' && value.trim().includes(' '));
  const again = secret ? '' : fields.map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`).join('');
  const page = (await copy.text())
    .replace('action="/offline"', () => `action="${escaped(pathname + search)}"${secret ? ' hidden' : ''}`)
    .replace('<!--fields-->', () => again)
    .replace('<section hidden', () => (words.length ? '<section' : '<section hidden'))
    .replace('<!--words-->', () => words.map(([, value]) => `<blockquote dir="auto"><p>${escaped(value.trim()).replace(/\r?\n/g, '<br>')}</p></blockquote>`).join(''));
  return new Response(page, { headers: copy.headers });
}

// Where to go on: an answer shows its feedback, a summary asked for on the real page shows the summary.
function after(manifest, path, form) {
  if (form.get('do') === 'answer') {
    return `${path}#feedback`;
  }
  if (['reflect', 'report'].includes(form.get('do')) || (form.get('do') === 'summary' && !form.has('on'))) {
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

async function post(request) {
  const again = request.clone();
  try {
    return await fetch(request);
  } catch {
    return nothingSent(request, await again.formData().catch(() => new FormData()));
  }
}

async function visit(event, path) {
  if (event.request.method === 'GET') {
    return open(event, path);
  }
  if (path === '/sign-out') {
    return signOut(event.request);
  }
  const module = STEP.test(path) && await moduleWith(path);
  return module ? doOnStep(event, module, path) : post(event.request);
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
  discard: async ({ id }) => {
    await within('readwrite', (waiting) => asked(waiting.delete(id)));
    return state();
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
