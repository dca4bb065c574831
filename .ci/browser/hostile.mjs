// What came of hostile text: `hostile.py` puts the mark `owned` into every script and element that it writes.

export async function nothingInjected(page, isTrue) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.locator("#list h3 button").first().click();
  await page.locator(".opened").waitFor();
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.waitForTimeout(300);
  const seen = await page.evaluate(() => ({
    replies: [...document.querySelectorAll(".judgement blockquote")].filter((one) => one.textContent.includes("<img data-owned")).length,
    speakers: [...document.querySelectorAll(".turn b")].filter((one) => one.textContent.includes("<img data-owned")).length,
    title: document.title,
    owned: window.owned !== undefined,
    elements: document.querySelectorAll("[data-owned], [onerror], [onload], [onclick], img, iframe, object, embed, base, a[href^='javascript:']").length,
    scripts: document.querySelectorAll("script:not([type])").length,
    text: document.querySelector(".opened").textContent,
    head: document.querySelector("#answer").textContent,
  }));
  isTrue("no script of the data ran", !seen.owned);
  isTrue(`no element of the data is there (${seen.elements})`, seen.elements === 0);
  isTrue(`only the page's own script is there (${seen.scripts})`, seen.scripts === 1);
  isTrue("the markup is shown as text in a question", seen.text.includes("<img data-owned"));
  isTrue("the markup is shown as text in a judge's reply", seen.replies > 0);
  isTrue("the markup is shown as text in a speaker's name", seen.speakers > 0);
  isTrue("the markup is shown as text in the title", seen.title.includes("<img data-owned"));
  isTrue("the markup is shown as text in the head", seen.head.includes("<img data-owned"));
}
