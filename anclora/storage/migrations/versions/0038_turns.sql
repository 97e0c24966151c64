-- Whose turn a chore was last: one process does it for the whole installation, and the others wait for the next turn.
create table chore_turns (
    chore text primary key,
    -- What it is done for, such as the providers that are asked; another word is another chore, and due at once.
    about text not null default '',
    holder uuid not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    runs bigint not null default 1
);
