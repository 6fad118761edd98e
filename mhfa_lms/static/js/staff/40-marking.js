// Single keys for markers. 1-4 set the current line and go on; 1/Y and 2/N answer a yes-or-no line; C comment,
// R first line, S skip, Ctrl or Cmd with Enter saves. They can be turned off, and are silent in text fields.
{
  const form = document.querySelector('[data-marking]');

  if (form) {
    const find = (selector) => form.querySelector(selector) || document.querySelector(selector);
    const lines = [...form.querySelectorAll('[data-crit]')];
    const keys = find('[data-keys]');
    let now = 0;

    const point = (index) => {
      now = index;
      lines.forEach((line, n) => line.classList.toggle('now', n === now));
    };

    const go = (index) => {
      point(index);
      lines[now]?.scrollIntoView({ block: 'nearest' });
    };

    const choose = (key) => {
      const line = lines[now];
      const place = line?.dataset.crit === 'yesno' ? ({ y: 1, n: 2 }[key] || key) : key;
      const option = line?.querySelectorAll('[type=radio]')[place - 1];
      if (option) {
        option.checked = true;
        option.dispatchEvent(new Event('input', { bubbles: true }));
        find('[data-live]').textContent = line.querySelector('legend').innerText + ': ' + option.parentNode.innerText;
        go(now + 1);
      }
      return option;
    };

    const press = (key) => {
      if (key === 'c') {
        find('[data-comment]').focus();
      } else if (key === 'r') {
        go(0);
      } else if (key === 's') {
        find('[data-skip]')?.click();
      } else {
        return choose(key);
      }
      return true;
    };

    const writing = (target) => target.matches('textarea, select, input:not([type=radio], [type=checkbox])');

    addEventListener('keydown', (event) => {
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key === 'Enter') {
        event.preventDefault();
        form.requestSubmit(form.querySelector('.btn'));
      } else if (!command && !event.altKey && keys.checked && !writing(event.target) && press(event.key.toLowerCase())) {
        event.preventDefault();
      }
    });

    // A line reached by mouse or Tab becomes the current one.
    lines.forEach((line, n) => line.addEventListener('change', () => go(n)));

    // The page opens at the answer, not at the first line of the rubric.
    point(0);
  }
}
