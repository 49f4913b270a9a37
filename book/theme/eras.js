'use strict';

// The copy button of a console block takes the commands and leaves prompts and
// output: what is pasted into a shell should run. A placeholder is copied as the
// page's source writes it, [PID:a], so that one sees that it wants a value.
// mdBook's book.js asks playground_text for the text of a block; ours is asked first.
const textOfAnyBlock = window.playground_text;

function commandText(command) {
    const copy = command.cloneNode(true);
    for (const pill of copy.querySelectorAll('.pill')) {
        pill.textContent = pill.dataset.written;
    }
    return copy.textContent;
}

window.playground_text = function (pre, hidden = true) {
    if (!pre.classList.contains('era-console')) {
        return textOfAnyBlock(pre, hidden);
    }
    const commands = pre.querySelectorAll('.command');
    return Array.from(commands, commandText).join('\n') + '\n';
};
