/**
 * Texts that run in a page that takes them for anything but text: more than two hundred ways into HTML, attributes, URLs,
 * style, templates, JSON and scripts, in every spelling that a filter might forget. Each calls `canary(n)` with its own number.
 */

/** A function that pages do not have; the test gives it to them. */
export const CANARY = "skeinCanary";

const run = (n: number): string => `${CANARY}(${n})`;

/** Ways for code to be where a text was to be. */
const CODE: readonly ((code: string) => string)[] = [
  (code) => `<script>${code}</script>`,
  (code) => `<SCRIPT\t>${code}</sCrIpT >`,
  (code) => `<scr<script>ipt>${code}</scr</script>ipt>`,
  (code) => `</title><script>${code}</script>`,
  (code) => `</textarea><script>${code}</script>`,
  (code) => `</style><script>${code}</script>`,
  (code) => `--><script>${code}</script><!--`,
  (code) => `]]><script>${code}</script>`,
  (code) => `<script type=module>${code}</script>`,
  (code) => `<script src="data:text/javascript,${code}"></script>`,
  (code) => `<img src=x onerror=${code}>`,
  (code) => `<img src=x onerror='${code}'//`,
  (code) => `<img/src=x/onerror=${code}>`,
  (code) => `<image src=x onerror=${code}>`,
  (code) => `<svg onload=${code}>`,
  (code) => `<svg/onload=${code}//`,
  (code) => `<svg><script>${code}</script></svg>`,
  (code) => `<svg><animate onbegin=${code} attributeName=x dur=1s>`,
  (code) => `<svg><a xlink:href="javascript:${code}"><text y=20>x</text></a></svg>`,
  (code) => `<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg' onload='${code}'/>#x">`,
  (code) => `<math><mtext><table><mglyph><style><img src=x onerror=${code}>`,
  (code) => `<math href="javascript:${code}">x</math>`,
  (code) => `<body onload=${code}>`,
  (code) => `<body onpageshow=${code}>`,
  (code) => `<iframe src="javascript:${code}"></iframe>`,
  (code) => `<iframe srcdoc="<script>parent.${code}</script>"></iframe>`,
  (code) => `<object data="javascript:${code}"></object>`,
  (code) => `<embed src="javascript:${code}">`,
  (code) => `<video><source onerror=${code}></video>`,
  (code) => `<audio src=x onerror=${code}>`,
  (code) => `<details open ontoggle=${code}>x</details>`,
  (code) => `<input autofocus onfocus=${code}>`,
  (code) => `<select autofocus onfocus=${code}>`,
  (code) => `<textarea autofocus onfocus=${code}>`,
  (code) => `<button popovertarget=p>x</button><div id=p popover onbeforetoggle=${code}>`,
  (code) => `<dialog open onclose=${code}><form method=dialog><button>x</button></form></dialog>`,
  (code) => `<marquee onstart=${code}>x</marquee>`,
  (code) => `<a href="javascript:${code}">x</a>`,
  (code) => `<a href="&#106;avascript:${code}">x</a>`,
  (code) => `<a href="java&Tab;script:${code}">x</a>`,
  (code) => `<form action="javascript:${code}"><button>x</button></form>`,
  (code) => `<base href="javascript:/${code}//">`,
  (code) => `<meta http-equiv=refresh content="0;url=javascript:${code}">`,
  (code) => `<link rel=stylesheet href="data:text/css,*{x:expression(${code})}">`,
  (code) => `<style>@import "javascript:${code}";*{animation:x}@keyframes x{}</style>`,
  (code) => `<div style="background:url(javascript:${code})">`,
  (code) => `<p style=animation-name:x onanimationstart=${code}>`,
  (code) => `<template><script>${code}</script></template>`,
  (code) => `<noscript><p title="</noscript><img src=x onerror=${code}>">`,
  (code) => `<custom-element onfocus=${code} tabindex=0 autofocus>`,
  (code) => `" onmouseover="${code}" autofocus onfocus="${code}`,
  (code) => `' onmouseover='${code}' autofocus onfocus='${code}`,
  (code) => `\` onmouseover=${code} x=\``,
  (code) => `"><img src=x onerror=${code}>`,
  (code) => `'><svg onload=${code}>`,
  (code) => `"};${code};//`,
  (code) => `';${code};//`,
  (code) => `\`;${code};//`,
  (code) => `\${${code}}`,
  (code) => `{{constructor.constructor('${code}')()}}`,
  (code) => `<%= ${code} %>`,
  (code) => `#{${code}}`,
  (code) => `javascript:${code}`,
  (code) => `JaVaScRiPt:${code}`,
  (code) => `java\nscript:${code}`,
  (code) => `data:text/html,<script>${code}</script>`,
  (code) => `vbscript:${code}`,
  (code) => `[x](javascript:${code})`,
  (code) => `![x](x "onerror=${code}")`,
  (code) => `[x]: <javascript:${code}>`,
  (code) => `<javascript:${code}>`,
  (code) => `{"__proto__":{"innerHTML":"<img src=x onerror=${code}>"}}`,
  (code) => `{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=${code}>"}}`,
  (code) => `\u2028${code}\u2029`,
  (code) => `\u202e<script>${code}</script>\u202c`,
  (code) => `＜script＞${code}＜/script＞`,
  (code) => `\uff1cimg src=x onerror=${code}\uff1e`,
];

/** Ways to write what one of these is. */
const SPELLINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  (text) => encodeURIComponent(text),
];

/** Each with the number it calls the canary with. */
export const PAYLOADS: readonly string[] = SPELLINGS.flatMap((spell, turn) =>
  CODE.map((write, at) => spell(write(run(turn * CODE.length + at)))),
);
