"""What is known of pandas-ta's indicators without importing it.

A row is: name | parameters with their defaults | outputs, if several, in pandas-ta's order |
candles before the first known value | how many more until the value agrees with that of the whole
history ("-": it counts from the first candle and never does). The last two were measured with the
defaults, the settling times with a reserve of half. A row goes on in lines that are indented.
"""

TEXT = """
aberration | length=5 atr_length=15 | aber_zg aber_sg aber_xg aber_atr | 15 | 598
accbands | length=20 | accbl accbm accbu | 19 | 0
adosc | fast=3 slow=10 |  | 9 | 232
adxr | length=14 | adxr dmp dmn | 40 | 560
alma | length=10 sigma=6.0 distribution_offset=0.85 |  | 9 | 0
amat | fast=8 slow=21 lookback=2 | amate_lr amate_sr | 0 | 95
aobv | fast=4 slow=12 max_lookback=2 min_lookback=2 | obv obv_min obv_max obve_4 obve_12
  aobv_lr aobv_sr | 11 | -
apo | fast=12 slow=26 |  | 25 | 0
avgprice |  |  | 0 | 0
avolume | length=20 |  | 20 | 0
bbands | length=5 std=2.0 | bbl bbm bbu bbb bbp | 4 | 0
bias | length=26 |  | 25 | 0
bop |  |  | 0 | 0
brar | length=26 | ar br | 26 | 0
cdl_doji | length=10 factor=0.1 |  | 0 | 50
cdl_inside |  |  | 0 | 28
cdl_z | length=30 | open_z high_z low_z close_z | 29 | 0
ce | length=22 multiplier=3.0 | ce_l ce_s | 22 | 587
cfo | length=9 |  | 8 | 0
cg | length=10 |  | 9 | 0
cksp | p=10 x=3.0 q=20 | ckspl cksps | 29 | 277
coppock | length=10 fast=11 slow=14 |  | 23 | 0
cti | length=12 |  | 11 | 0
cvi | length=10 |  | 19 | 217
decay | length=5 |  | 0 | 28
decreasing | length=1 |  | 0 | 28
dm | length=14 | dmp dmn | 13 | 451
dpo | length=20 |  | 30 | 0
dsp | length=14 |  | 13 | 301
dx | length=14 |  | 14 | 599
ebsw | length=40 bars=10 |  | 39 | 187
edecay | length=5 |  | 0 | 28
efi | length=13 |  | 13 | 301
emv |  |  | 1 | 0
entropy | length=10 |  | 9 | 0
eom | length=14 |  | 14 | 0
er | length=10 |  | 10 | 0
eri | length=13 | bullp bearp | 12 | 227
fisher | length=9 signal=1 | fishert fisherts | 9 | 157
fosc | length=14 |  | 13 | 0
fwma | length=10 |  | 9 | 0
ha |  | ha_open ha_high ha_low ha_close | 0 | 95
hilo | high_length=13 low_length=21 | hilo hilol hilos | 28 | 0
hl2 |  |  | 0 | 0
hlc3 |  |  | 0 | 0
ht_dcperiod |  |  | 32 | 572
ht_dcphase |  |  | 63 | 526
ht_phasor |  | ht_phasor_inphase ht_phasor_quad | 32 | 572
ht_sine |  | ht_sine ht_leadsine | 63 | 526
ht_trendline |  |  | 63 | 151
ht_trendmode |  |  | 0 | 170
hvol | length=20 |  | 20 | 0
hwc |  | hwm hwu hwl | 0 | 920
hwma | na=0.2 nb=0.1 nc=0.1 |  | 0 | 920
increasing | length=1 |  | 0 | 28
inertia | length=20 rvi_length=14 |  | 45 | 253
jma | length=7 |  | 6 | 611
kc | length=20 scalar=2.0 | kcle kcbe kcue | 20 | 290
kdj | length=9 signal=3 | k d j | 12 | 152
kst | roc1=10 roc2=15 roc3=20 roc4=30 sma1=10 sma2=10 sma3=10 sma4=15 signal=9 | kst ksts |
  52 | 0
kurtosis | length=30 |  | 29 | 0
kvo | fast=34 slow=55 signal=13 | kvo kvos | 66 | 1121
linregangle | length=14 |  | 13 | 0
linregintercept | length=14 |  | 13 | 0
linregslope | length=14 |  | 13 | 0
log_return | length=1 |  | 1 | 0
lrsi | length=14 gamma=0.5 |  | 0 | 95
macdext | fast=12 slow=26 signal=9 | macdext macdexts macdexth | 33 | 571
macdfix | signal=9 | macdfix macdfixh macdfixs | 33 | 571
mad | length=30 |  | 29 | 0
mama | fastlimit=0.5 slowlimit=0.05 | mama fama | 32 | 422
marketfi |  |  | 0 | 0
massi | fast=9 slow=25 |  | 40 | 185
mcgd | length=10 |  | 0 | 320
md | length=30 |  | 29 | 0
median | length=30 |  | 29 | 0
medprice |  |  | 0 | 0
midpoint | length=2 |  | 1 | 0
midprice | length=2 |  | 1 | 0
minus_dm | length=14 |  | 13 | 451
mmar |  | mmar_10 mmar_15 mmar_20 mmar_25 mmar_30 mmar_35 | 34 | 569
msw | period=5 | msw_sine msw_lead | 5 | 0
nvi | length=1 |  | 0 | -
ohlc4 |  |  | 0 | 0
pdist |  |  | 1 | 0
percent_return | length=1 |  | 1 | 0
pgo | length=14 |  | 27 | 430
plus_dm | length=14 |  | 13 | 451
pmax | length=10 multiplier=3.0 |  | 10 | 305
po | length=14 |  | 13 | 0
psl | length=12 |  | 11 | 0
pvi | length=1 |  | 0 | -
pvo | fast=12 slow=26 signal=9 | pvo pvoh pvos | 33 | 571
pvol |  |  | 0 | 0
pvr |  |  | 0 | 28
pvt |  |  | 1 | -
pwma | length=10 |  | 9 | 0
qqe | length=14 smooth=5 factor=4.236 | qqe qqe_rsima qqel qqes qqeb_l qqeb_s qqed | 89 |
  487
qstick | length=10 |  | 9 | 0
quantile | length=30 q=0.5 |  | 29 | 0
rainbow |  | rainbow_1 rainbow_2 rainbow_3 rainbow_4 rainbow_5 rainbow_6 rainbow_7 rainbow_8
  rainbow_9 rainbow_10 | 10 | 50
rocp | length=10 |  | 10 | 0
rocr | length=10 |  | 10 | 0
rocr100 | length=10 |  | 10 | 0
rsx | length=14 |  | 13 | 226
rvgi | length=14 swma_length=4 | rvgih rvgi rvgis | 19 | 0
rvi | length=14 |  | 26 | 281
sarext |  |  | 1 | 94
sinwma | length=14 |  | 13 | 0
skew | length=30 |  | 29 | 0
slope | length=1 |  | 1 | 0
smc_sweep | length=15 wick_mult=1.5 |  | 0 | 50
smi | fast=5 slow=20 signal=5 | smi smis smio | 28 | 428
squeeze | bb_length=20 bb_std=2.0 kc_length=20 kc_scalar=1.5 mom_length=12 mom_smooth=6 |
  sqz sqz_on sqz_off sqz_no | 17 | 28
squeeze_pro | bb_length=20 bb_std=2.0 kc_length=20 kc_scalar_wide=2.0 kc_scalar_normal=1.5
  kc_scalar_narrow=1.0 mom_length=12 mom_smooth=6 | sqzpro sqzpro_on_wide sqzpro_on_normal
  sqzpro_on_narrow sqzpro_off sqzpro_no | 17 | 28
ssf | length=10 poles=2 |  | 0 | 95
stc | tclength=10 fast=12 slow=26 factor=0.5 | stc stcmacd stcstoch | 25 | 583
stderr | length=14 |  | 13 | 0
stdev | length=30 |  | 29 | 0
stochf | fastk=5 fastd=3 | stochfk stochfd | 6 | 0
swma | length=10 |  | 9 | 0
t3 | length=10 a=0.7 |  | 54 | 164
td_seq |  | td_seq_upa td_seq_dna | 9 | 28
thermo | length=20 long=2.0 short=0.5 | thermo thermoma thermol thermos | 20 | 440
trixh | length=18 signal=9 | trix trixs trixh | 60 | 380
true_range |  |  | 1 | 0
tsf | length=14 |  | 13 | 0
tsi | fast=13 slow=25 signal=13 | tsi tsis | 49 | 547
ttm_trend | length=6 |  | 0 | 50
typprice |  |  | 0 | 0
ui | length=14 |  | 26 | 0
uo | fast=7 medium=14 slow=28 |  | 27 | 0
variance | length=30 |  | 29 | 0
vfi | length=130 coef=0.2 vcoef=2.5 |  | 261 | 50
vhf | length=28 |  | 28 | 0
vidya | length=14 |  | 13 | 901
vosc | fast=14 slow=28 |  | 27 | 0
vwmacd | fast=12 slow=26 signal=9 | vwmacd vwmacdh vwmacds | 33 | 0
wad |  |  | 0 | -
wcp |  |  | 0 | 0
zlma | length=10 |  | 13 | 151
"""
