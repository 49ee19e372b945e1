import sys
from .runs import *
from .sides import rows
if __name__=="__main__":
    sc=sys.argv[1].split(","); nums=[int(x) for x in sys.argv[2].split(",")] if sys.argv[2]!="all" else [r.number for r in rows()]
    jobs=int(sys.argv[3])
    t=time.time()
    with Runs(jobs) as R:
        for res in R.results([Run(scenario=s,row=rows()[n-1]) for n in nums for s in sc]):
            print(f"{res.seconds:6.1f} {res.run.scenario} {res.run.row.number} {res.problem}",flush=True)
    print(time.time()-t)
