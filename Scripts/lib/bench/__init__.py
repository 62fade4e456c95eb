"""What Scripts/bench is made of.

    system      programs, packages, and what the processors did
    rig         two hosts and two guests as namespaces, and everything that must be ended again
    contenders  one file each: how a contender joins the two guests of a rig
    datagrams   the small C program that sends, counts and asks, built when it is needed
    measures    what is measured between the guests of a rig
    session     contenders and measures, taking turns
    report      medians, ranges and ratios as a table, Markdown and JSON
"""
