// A conversation on a copy kept on this device: shows the place that the choices made so far lead to, and at an ending the
// way there. The choices are links and forms, which the worker takes; all scenes, choices and endings lie in templates.
{
  const page = document.getElementById('talk');
  const key = `${page.dataset.enrolment}/${page.dataset.step}`;
  const part = (kind, name) => [...page.querySelectorAll(`template[data-${kind}]`)].find((one) => one.dataset[kind] === name);
  const made = (template) => template.content.cloneNode(true);
  const area = (id) => document.getElementById(id);

  // Choices that the conversation no longer has end the way before them.
  const follow = (keys) => {
    const turns = [];
    for (const one of keys) {
      const turn = part('turn', one);
      if (!turn) {
        break;
      }
      turns.push(turn);
    }
    return turns;
  };

  const set = (form, values) => Object.entries(values).forEach(([name, value]) => { form.elements[name].value = value; });

  const told = (turn, { later = false } = {}) => {
    const found = made(turn);
    found.querySelector(later ? '.soon' : '.later')?.remove();
    return found;
  };

  const show = (keys) => {
    const turns = follow(keys);
    const last = turns.at(-1);
    const place = part('place', last ? last.dataset.next : page.dataset.start);
    area('opening').hidden = Boolean(last);
    area('said').replaceChildren(...(last ? [told(last)] : []));
    area('here').replaceChildren(made(place));
    const choosing = area('here').querySelector('form');
    if (choosing) {
      set(choosing, { depth: turns.length, scene: place.dataset.place });
    }
    area('way').hidden = Boolean(choosing);
    area('turns').replaceChildren(...(choosing ? [] : turns.map((turn) => {
      const item = document.createElement('li');
      item.className = 'card';
      item.append(told(turn, { later: true }));
      return item;
    })));
    area('return').hidden = !last;
    if (last) {
      set(area('back'), { depth: turns.length - 1, scene: last.dataset.turn.split('/')[0] });
    }
    area('anew').hidden = turns.length < 2;
    if (location.hash === '#scene') {
      area('scene').focus();
    }
  };

  let shown;
  document.addEventListener('kept', ({ detail }) => {
    const keys = detail.ways?.[key] || [];
    if (shown !== keys.join(' ')) {
      shown = keys.join(' ');
      show(keys);
    }
  });
  show([]);
}
