// Paper cannot be unfolded: open what is folded before printing and fold it again afterwards.
{
  let folded = [];

  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details:not([open])')];
    folded.forEach((part) => { part.open = true; });
  });

  addEventListener('afterprint', () => folded.forEach((part) => { part.open = false; }));
}
