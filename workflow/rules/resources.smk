# What a job asks of a cluster: memory and minutes, reckoned by dissent/planning/resources.py.


def asked(name, job, grows=True):
    """A resource function: `mem_mb` or `runtime` of what `job(wildcards, input)` needs, more after each failure.

    Tables that are still to be made have no rows to count: Snakemake asks again before the job starts.
    """
    return told(lambda w, input, attempt: getattr(job(w, input), name) * (attempt if grows else 1))


def to_train(w, input):
    """What a student needs."""
    rows = (demand.rows_about(table) for table in (input.pairs, input.val, input.unlabelled))
    return demand.training(run_of(w), int(w.g), *rows)


def to_predict(w, input):
    """What the teachers need to label one shard."""
    images = demand.rows_about(input.unlabelled) // run_of(w).shards
    run, g = run_of(w), int(w.g)
    return demand.predicting(run, g - 1, images, run.voters(g), run.passes(g))


def to_read(w, input):
    """What reading the masks of a teacher from outside needs."""
    return demand.masking(run_of(w), demand.rows_about(input.unlabelled) + demand.rows_about(input.val), 1)


def to_mask(w, input):
    """What finding the agreement on one shard needs."""
    voters = run_of(w).voters(int(w.g))
    return demand.masking(run_of(w), demand.rows_about(input.predictions) // voters, voters)


def to_browse(w, input):
    """What drawing the images of a run for the browser needs."""
    run = run_of(w)
    voters = sum(run.voters(g) for g in range(1, run.method.last + 1))
    return demand.drawing(run, demand.rows_about(input.unlabelled), voters)


def to_assemble(w, input):
    """What joining the tables of labelled and unlabelled images needs."""
    return demand.listing(demand.rows_about(input.labelled) + demand.rows_about(input.unlabelled))


def to_evaluate(w, input):
    """What scoring a pool needs."""
    images = demand.rows_about(input.val) + demand.rows_about(input.test)
    return demand.predicting(run_of(w), int(w.g), images, run_of(w).at(int(w.g))["students"])


def to_rate(w, input):
    """What rating the masks of a table needs."""
    return demand.scoring(run_of(w), demand.rows_about(input.table))


def to_measure(w, input):
    """What measuring the thresholds needs: validation images through all networks of the rated pools."""
    networks = PLAN.config.rated_networks(run_of(w))
    return demand.predicting(run_of(w), 0, demand.rows_about(input.val), networks)


def to_train_evalnet(w, input):
    """What an EvalNet needs, whose examples are many masks of few images."""
    return demand.rating(run_of(w), demand.rows_about(input.labelled), demand.rows_about(input.val))
