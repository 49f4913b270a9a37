'use strict';

// The copy button of a console block takes the commands and leaves prompts and
// output: what is pasted into a shell should run. mdBook's book.js asks
// playground_text for the text of a block; ours is asked first.
const textOfAnyBlock = window.playground_text;

window.playground_text = function (pre, hidden = true) {
    if (!pre.classList.contains('era-console')) {
        return textOfAnyBlock(pre, hidden);
    }
    const commands = pre.querySelectorAll('.command');
    return Array.from(commands, (command) => command.textContent).join('\n') + '\n';
};
