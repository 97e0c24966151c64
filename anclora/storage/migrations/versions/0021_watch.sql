-- What ended in the last minutes is looked up by it; rows are written in that order, so blocks tell enough.
create index attempts_finished on attempts using brin (finished_at) with (autosummarize = on);
