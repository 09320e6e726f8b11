import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepFocus } from './keep-focus.ts';

let stop: () => void;
let main: HTMLElement;
beforeEach(() => {
  main = document.createElement('main');
  document.body.append(main);
  stop = keepFocus(document.body);
});
afterEach(() => {
  stop();
  main.remove();
});

const at = (selector: string): HTMLElement => main.querySelector(selector) as HTMLElement;
const show = (html: string): void => {
  main.innerHTML = `<h1 tabindex="-1" data-page-title>Title</h1>${html}`;
};
const focusOf = (): string => document.activeElement?.id || (document.activeElement?.localName ?? '');

it('goes to what took the place', async () => {
  show('<div><button id="run"></button><button id="pause"></button><button id="edit"></button></div>');
  at('#pause').focus();
  const resume = document.createElement('button');
  resume.id = 'resume';
  at('#pause').replaceWith(resume);
  await expect.poll(focusOf).toBe('resume');
});

it('goes to the next row, and to the one before after the last', async () => {
  show('<ul><li><input type="checkbox" id="a"></li><li><button id="b"></button></li></ul><a href="#x" id="x">x</a>');
  at('#a').focus();
  at('li').remove();
  await expect.poll(focusOf).toBe('b');
  at('ul').insertAdjacentHTML('afterbegin', '<li><button id="c"></button><button id="d"></button></li>');
  at('li:last-child').remove();
  await expect.poll(focusOf).toBe('d');
});

it('goes to the row itself when what was pressed in it goes', async () => {
  show(
    '<ul><li><a href="#1" id="one">1</a><span><button id="undo"></button></span></li><li><a href="#2">2</a></li></ul>',
  );
  at('#undo').focus();
  at('#undo').remove();
  await expect.poll(focusOf).toBe('one');
});

it('goes to the title of the page that comes, however late', async () => {
  show('<form><button id="save"></button></form>');
  at('#save').focus();
  main.replaceChildren();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  expect(focusOf()).toBe('body');
  show('<a href="#1" id="one">1</a>');
  await expect.poll(focusOf).toBe('h1');
  // A page that is loaded gives its title another element.
  show('<a href="#1" id="one">1</a>');
  await expect.poll(focusOf).toBe('h1');
});

it('leaves the focus nowhere when the person put it there', async () => {
  show('<button id="a"></button><button id="b"></button>');
  at('#a').focus();
  at('#a').blur();
  await Promise.resolve();
  at('#a').remove();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  expect(focusOf()).toBe('body');
});

it('leaves the focus where the page has put it', async () => {
  show('<button id="a"></button><button id="b"></button><button id="c"></button>');
  at('#a').focus();
  at('#a').remove();
  at('#c').focus();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  expect(focusOf()).toBe('c');
});
