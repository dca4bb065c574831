// The report used by keyboard alone: nothing here points or clicks.

/** Presses Tab until `wanted` holds for the element with the focus; false after too many. */
async function tabTo(page, wanted, most = 400) {
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(wanted)) return true;
  }
  return false;
}

const found = (page) => page.locator("#found").textContent();
const number = (text) => Number(text.split(" ")[0].replaceAll(",", ""));

export async function useByKeyboard(page, isTrue) {
  await page.keyboard.press("Tab");
  isTrue("the first stop is the way past the head", await page.evaluate(() => document.activeElement.matches(".skip")));
  isTrue("search is reached", await tabTo(page, () => document.activeElement.id === "words"));
  const all = number(await found(page));
  // Of the first question's words the one that the fewest of its neighbours have.
  const word = await page.evaluate(() => {
    const texts = [...document.querySelectorAll("#list h3 button")].map((button) => button.textContent);
    const count = (wanted) => texts.filter((text) => text.includes(wanted)).length;
    return texts[0].split(/\s+/).filter((text) => /^\w+$/.test(text)).sort((a, b) => count(a) - count(b))[0];
  });
  await page.keyboard.type(word);
  const some = number(await found(page));
  isTrue(`search for ${word} finds ${some} of ${all}`, some >= 1 && some < all);
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  isTrue("an empty search finds all", number(await found(page)) === all);

  isTrue("the filter of outcomes is reached", await tabTo(page, () => document.activeElement.id === "outcome-of"));
  await page.keyboard.press("ArrowDown");
  const right = number(await found(page));
  await page.keyboard.press("ArrowDown");
  const wrong = number(await found(page));
  isTrue(`filters narrow: ${right} right, ${wrong} wrong of ${all}`, right > 0 && wrong > 0 && Math.min(right, wrong) < all);
  isTrue("the filter of disagreement is reached", await tabTo(page, () => document.activeElement.id === "disagree"));
  await page.keyboard.press("Space");
  const disagree = number(await found(page));
  isTrue(`disagreement narrows: ${disagree}`, disagree <= wrong);
  isTrue("the reset is reached", await tabTo(page, () => document.activeElement.type === "reset"));
  await page.keyboard.press("Enter");
  await page.waitForFunction((count) => document.getElementById("found").textContent.startsWith(count.toLocaleString("en")), all);

  isTrue("a question is reached", await tabTo(page, () => document.activeElement.matches("#list h3 button")));
  await page.keyboard.press("Enter");
  await page.locator(".opened").waitFor();
  isTrue("it is said to be open", await page.evaluate(() => document.activeElement.getAttribute("aria-expanded") === "true"));
  isTrue("the address names it", await page.evaluate(() =>
    decodeURIComponent(location.hash) === `#q=${document.activeElement.closest("li").dataset.id}`));
  if (await page.locator(".found-by").count()) {
    isTrue("memories are reached", await tabTo(page, () => document.activeElement.matches(".found-by > summary")));
    await page.keyboard.press("Enter");
    await page.locator(".found-by[open] tbody tr").first().waitFor();
  }
  isTrue("the choice of a system is reached", await tabTo(page, () => document.activeElement.matches(".choices select")));
  await page.keyboard.press("ArrowDown");
  isTrue("the conversation is reached", await tabTo(page, () => document.activeElement.matches(".turns")));
  const turns = page.locator(".turns .turn");
  const near = await turns.count();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const everything = await turns.count();
  isTrue(`the range of turns is chosen: ${near}, then ${everything}`, everything > near);
  if (await page.locator("#later:visible").count()) {
    const before = await page.locator("#page-of").textContent();
    isTrue("the next page is reached", await tabTo(page, () => document.activeElement.id === "later"));
    await page.keyboard.press("Enter");
    isTrue("the page is turned", (await page.locator("#page-of").textContent()) !== before);
  }
}
