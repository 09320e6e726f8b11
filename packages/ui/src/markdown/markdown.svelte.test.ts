import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import Markdown from './Markdown.svelte';

const SCRIPTS = [
  '<script>alert(1)</script>',
  '<ScRiPt src="https://evil.invalid/x.js"></sCrIpT>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://evil.invalid/pixel.png">',
  '<svg onload=alert(1)><circle/></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="https://evil.invalid/x"></object>',
  '<embed src="https://evil.invalid/x">',
  '<video src=x onerror=alert(1)></video>',
  '<audio src="https://evil.invalid/x" autoplay>',
  '<body onload=alert(1)>',
  '<input autofocus onfocus=alert(1)>',
  '<details open ontoggle=alert(1)>x</details>',
  '<marquee onstart=alert(1)>x</marquee>',
  '<form action="https://evil.invalid"><button>send</button></form>',
  '<base href="https://evil.invalid/">',
  '<link rel=stylesheet href="https://evil.invalid/x.css">',
  '<style>@import "https://evil.invalid/x.css";</style>',
  '<meta http-equiv=refresh content="0;url=https://evil.invalid">',
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
  '<a href="javascript:alert(1)">raw</a>',
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><img src=x onerror=alert(1)></template>',
  'text <b onmouseover=alert(1)>inline</b> text',
];
const LINKS = [
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java&#115;cript:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](<java\nscript:alert(1)>)',
  '[x](&#x6A;avascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](vbscript:msgbox(1))',
  '[x](blob:https://evil.invalid/1)',
  '[x](file:///etc/passwd)',
  '[x][ref]\n\n[ref]: javascript:alert(1)',
  '<javascript:alert(1)>',
  '![x](https://evil.invalid/pixel.png)',
  '![x](//evil.invalid/pixel.png)',
  '![x](data:image/svg+xml,<svg onload=alert(1)>)',
  '![x](x" onerror="alert(1))',
  '[![x](https://evil.invalid/p.png)](javascript:alert(1))',
  '[x](https://ok.invalid/"onmouseover="alert(1))',
];
/** The places in a text where a payload may read differently. */
const WRAPS: ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `# ${payload}`,
  (payload) => `> - [ ] ${payload}`,
  (payload) => `| a |\n|---|\n| ${payload} |`,
  (payload) => `**${payload}** and ~~${payload}~~`,
];
const corpus = [...SCRIPTS, ...LINKS].flatMap((payload) => WRAPS.map((wrap) => wrap(payload)));

const FORBIDDEN =
  'script, img, svg:not(.tick), iframe, object, embed, video, audio, style, link, meta, base, form, details, [src], [srcdoc]';

describe('model markdown rendered unsanitised: no, hostile text', () => {
  const dialogs = vi.fn();
  beforeEach(() => {
    for (const name of ['alert', 'confirm', 'prompt'] as const) vi.spyOn(window, name).mockImplementation(dialogs);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    dialogs.mockReset();
  });

  it(`draws ${corpus.length} payloads with no dialog, no request and nothing to follow`, async () => {
    const requests: string[] = [];
    const observer = new PerformanceObserver((list) => requests.push(...list.getEntries().map((entry) => entry.name)));
    observer.observe({ type: 'resource' });
    for (const source of corpus) {
      const screen = await render(Markdown, { source });
      expect(screen.container.querySelector(FORBIDDEN), source).toBeNull();
      for (const element of screen.container.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
          expect(name.startsWith('on'), `${source}: ${name}`).toBe(false);
          if (name === 'href') expect(value, source).toMatch(/^(https?|mailto):/);
        }
      }
      await screen.unmount();
    }
    // What a payload starts (a load, an error handler) starts in later tasks.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    observer.disconnect();
    expect(dialogs).not.toHaveBeenCalled();
    expect(requests.filter((name) => name.includes('evil.invalid'))).toEqual([]);
  });

  it('shows raw HTML as the words it is', async () => {
    const screen = await render(Markdown, { source: 'a <b onclick=alert(1)>c</b>' });
    expect(screen.container.textContent).toContain('<b onclick=alert(1)>c</b>');
  });
});

describe('ordinary text', () => {
  it('opens links outside, without telling who sent the reader', async () => {
    const screen = await render(Markdown, { source: '[site](https://example.org/a) and <ada@example.org>' });
    const link = screen.getByRole('link', { name: 'site' });
    await expect.element(link).toHaveAttribute('href', 'https://example.org/a');
    await expect.element(link).toHaveAttribute('rel', 'noopener noreferrer nofollow');
    await expect
      .element(screen.getByRole('link', { name: 'ada@example.org' }))
      .toHaveAttribute('href', 'mailto:ada@example.org');
  });

  it('says which task box was pressed', async () => {
    const ontoggle = vi.fn();
    const screen = await render(Markdown, { source: '- [ ] one\n- [x] two', ontoggle });
    await screen.getByRole('checkbox', { name: 'two' }).click();
    expect(ontoggle).toHaveBeenCalledExactlyOnceWith(1, false);
  });

  it('shows a box as its text has it, also when nothing came of the press', async () => {
    const ontoggle = vi.fn();
    const screen = await render(Markdown, { source: '- [ ] one', ontoggle });
    const box = screen.getByRole('checkbox', { name: 'one' });
    await box.click();
    await expect.element(box).not.toBeChecked();
    await screen.rerender({ source: '- [x] one' });
    await expect.element(box).toBeChecked();
    await box.click();
    expect(ontoggle.mock.calls).toEqual([
      [0, true],
      [0, false],
    ]);
    await expect.element(box).toBeChecked();
  });

  it('has inert boxes where nobody listens', async () => {
    const screen = await render(Markdown, { source: '- [ ] one' });
    await expect.element(screen.getByRole('checkbox', { name: 'one' })).toBeDisabled();
  });

  it('keeps the words of a paragraph apart and together as written', async () => {
    const screen = await render(Markdown, { source: 'a **b**c `d`e *f* &amp; g' });
    expect(screen.container.textContent?.trim()).toBe('a bc de f & g');
  });

  it('reads each block from the side of its first letter, with what is inside it', async () => {
    const source = 'plan\n\nתוכנית\n\n- אחת\n\n  עוד plan\n- plan\n\n> ציטוט\n\n| א |\n|---|\n| b |';
    const screen = await render(Markdown, { source });
    const direction = (selector: string) =>
      [...screen.container.querySelectorAll(selector)].map((element) => getComputedStyle(element).direction);
    expect(direction('.markdown > p')).toEqual(['ltr', 'rtl']);
    expect(direction('li, li p, blockquote, table')).not.toContain('ltr');
  });
});
